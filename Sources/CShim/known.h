/* Strings that calls are given again and again, such as a greeting or the payload of a benchmark: their digests are
 * kept, and who receives the same bytes gets the same string instead of a copy. A script cannot tell, since strings
 * never change and are compared by their bytes.
 *
 * Which strings are known depends on their bytes alone, never on where they lie: what is allocated, and so when Lua
 * collects, must be the same in every run. */
#pragma once
#include "digest.h"
#include "slots.h"

/* Shorter ones are digested, and longer ones compared, in the time that it takes to look. */
enum { KS_SHORTEST_KNOWN = 16, KS_LONGEST_KNOWN = 4096 };

/* known.c: digests the string at `index`, which is not the one that was given last. */
uint64_t ks_meet_string(lua_State *L, int index, const void *bytes, size_t length);
/* Makes room in the registry. */
void ks_open_known_strings(lua_State *L);

/* As digest_content(), for a string of Lua's that is at `index`. */
KS_INLINE uint64_t digest_string(lua_State *L, int index, const void *bytes, size_t length) {
  if (length < KS_SHORTEST_KNOWN) return digest_content(bytes, length);
  const ks_known_string *last = ks_interpreter_of(L)->known_string;
  /* It is kept, so what lies at its place is no other. */
  return last->bytes == bytes ? last->digest : ks_meet_string(L, index, bytes, length);
}
