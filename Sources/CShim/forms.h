/* Two more forms of arguments that many calls come in, taken inline as take_plain() takes the commonest: integers and
 * strings in any order, and an integer with a list of one short row. Each returns 0, and the work is ks_take_any()'s,
 * for anything else. */
#pragma once
#include "arguments.h"

/* Integers and strings: `function->strings` says which are strings. Those at the end may be left out. */
KS_INLINE int take_in_order(
  lua_State *L, const ks_function *function, ks_argument *arguments, uint64_t *result) {
  const ks_slot *slots = ks_first(L);
  int given = (int)(ks_top(L) - slots), count = function->count;
  uint64_t digest = function->number;
  unsigned strings = function->strings;
  if (given > count || given < function->required) return 0;
  for (int position = 0; position < given; position++, strings >>= 1) {
    if (strings & 1 ? !take_string_slot(L, position + 1, &slots[position], &arguments[position], &digest)
                    : !take_slot(&slots[position], &arguments[position], &digest)) return 0;
  }
  for (int position = given; position < count; position++) omit(function, position, arguments, &digest);
  *result = digest;
  return 1;
}

/* The digest of six bytes, as digest_bytes(). */
static inline uint64_t digest_short_row(uint64_t seed, uint64_t packed) {
  uint64_t high = __builtin_bswap64(packed) >> (64 - 8 * KS_SHORT_ROW);
  return mix(seed ^ KS_SHORT_ROW ^ fold(first_key, high ^ second_key));
}

/* A call that waits may not see what the script does to its table meanwhile: the packed row is kept behind the
 * arguments, and takes the table's place should the call fail. It fits into a pointer, and no value of a script's is
 * one. */
static inline void keep_short_row(lua_State *L, uint64_t packed) {
  lua_pushlightuserdata(L, (void *)(uintptr_t)packed);
}

/* A 16-bit integer goes to its place in a row; its bit pattern may be written signed or unsigned. */
KS_INLINE int take_half(const ks_slot *slot, uint32_t place, uint64_t *row) {
  if (slot->tag != KS_INTEGER_TAG || slot->integer < INT16_MIN || slot->integer > UINT16_MAX) return 0;
  *row |= (uint64_t)(uint16_t)slot->integer << 16 * place;
  return 1;
}

/* An integer, and a list of one row of up to three integers: {{0, -1}}. Fields missing at the end of the row are 0.
 * `result` comes with the digest to go on from. */
KS_INLINE int take_short_row(lua_State *L, ks_argument *arguments, uint64_t *packed, uint64_t *result) {
  const ks_slot *slots = ks_first(L);
  const ks_interpreter *interpreter = ks_interpreter_of(L);
  uint64_t digest = *result, word = 0;
  uint32_t rows, fields;
  if (ks_top(L) - slots != 2 || !take_slot(slots, arguments, &digest)) return 0;
  const ks_slot *list = ks_sequence(interpreter, slots + 1, &rows);
  if (!list || rows != 1) return 0;
  const ks_slot *row = ks_sequence(interpreter, list, &fields);
  if (!row || fields == 0 || fields > 3) return 0;
  for (uint32_t place = 0; place < fields; place++) if (!take_half(&row[place], place, &word)) return 0;
  *packed = word;
  arguments[1] = (ks_argument){.word = 0, .bytes = packed, .count = KS_SHORT_ROW, .form = KS_BYTES};
  *result = mix(digest_short_row(digest, word) ^ (uint64_t)KS_SHORT_ROW << 1);
  return 1;
}
