/* The digest of calls, as Digest.mix and ByteView.digest in LinuxKernel: the same on every machine. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static const uint64_t first_key = 0x9E3779B97F4A7C15u, second_key = 0xD6E8FEB86659FD93u;

static inline uint64_t fold(uint64_t a, uint64_t b) {
  unsigned __int128 product = (unsigned __int128)a * b;
  return (uint64_t)(product >> 64) ^ (uint64_t)product;
}

static inline uint64_t mix(uint64_t value) { return fold(value ^ first_key, second_key); }

/* What bytes are digested to, whatever came before them. */
static inline uint64_t digest_content(const void *bytes, size_t length) {
  const unsigned char *at = bytes;
  uint64_t sum = length, low = 0, high = 0, words[2];
  size_t offset = 0;
  for (; offset + 16 <= length; offset += 16) {
    memcpy(words, at + offset, 16);
    sum += fold(words[0] ^ (first_key + offset), words[1] ^ second_key);
  }
  if (offset == length) return sum ^ fold(first_key, second_key);
  if (length - offset <= 8) {
    for (; offset < length; offset++) high = high << 8 | at[offset];
  }
  for (; offset < length; offset++) {
    low = low << 8 | high >> 56;
    high = high << 8 | at[offset];
  }
  return sum ^ fold(low ^ first_key, high ^ second_key);
}

static inline uint64_t digest_bytes(uint64_t seed, const void *bytes, size_t length) {
  return mix(seed ^ digest_content(bytes, length));
}
