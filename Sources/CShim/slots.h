/* Integers on Lua's stack, read where they lie: Lua's own functions take two calls for each, which is more than a
 * system call does with it.
 *
 * How Lua lays out a state and its values is its own affair, though the same in all of 5.4. So it is looked at before
 * it is relied on, by ks_knows_slots(); where it is not as expected, calls take their arguments by Lua's functions
 * alone. */
#pragma once
#include <lua.h>
#include <stdint.h>
#include <string.h>

typedef struct ks_slot {
  int64_t integer;
  unsigned char tag;
} ks_slot;

/* Where a state has the end of its stack, and the tag of an integer. */
enum { KS_TOP_OFFSET = 16, KS_INTEGER_TAG = 3 };

/* The end of the stack: its last value is at -1. */
static inline __attribute__((always_inline)) const ks_slot *ks_top(lua_State *L) {
  const ks_slot *top;
  memcpy(&top, (const char *)L + KS_TOP_OFFSET, sizeof top);
  return top;
}

/* Whether all that is so. Needs room for two values. */
static inline int ks_knows_slots(lua_State *L) {
  const lua_Integer integer = 0x0123456789abcdef;
  uintptr_t before = (uintptr_t)ks_top(L);
  lua_pushinteger(L, integer);
  lua_pushnumber(L, 1);
  int knows = (uintptr_t)ks_top(L) - before == 2 * sizeof(ks_slot);
  if (knows) {
    const ks_slot *top = ks_top(L);
    knows = top[-2].integer == integer && top[-2].tag == KS_INTEGER_TAG && top[-1].tag != KS_INTEGER_TAG;
  }
  lua_pop(L, 2);
  return knows;
}
