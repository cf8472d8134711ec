/* Two more forms of arguments that many calls come in, taken inline as take_plain() takes the commonest: integers and
 * strings in any order, and an integer with a list of one short row. Each returns 0, and the work is ks_take_any()'s,
 * for anything else. */
#pragma once
#include "arguments.h"

/* Integers and strings: `function->strings` says which are strings. Those at the end may be left out. */
static inline __attribute__((always_inline)) int take_in_order(
  lua_State *L, const ks_function *function, ks_argument *arguments, uint64_t *result) {
  int given = lua_gettop(L), count = function->count;
  uint64_t digest = function->number;
  unsigned strings = function->strings;
  if (given > count || given < function->required) return 0;
  const ks_slot *slots = ks_top(L) - given;
  for (int position = 0; position < given; position++, strings >>= 1) {
    if (strings & 1 ? !take_string(L, position + 1, &arguments[position], &digest)
                    : !take_slot(&slots[position], &arguments[position], &digest)) return 0;
  }
  for (int position = given; position < count; position++) {
    ks_argument *argument = &arguments[position];
    argument->bytes = NULL;
    argument->count = 0;
    argument->form = function->forms[position];
    argument->word = function->defaults[position];
    digest = mix(digest ^ (uint64_t)argument->word);
  }
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

/* The 16-bit integer on top of the stack goes to its place in a row; its bit pattern may be written signed or
 * unsigned. */
static inline __attribute__((always_inline)) int take_half(lua_State *L, int place, uint64_t *row) {
  const ks_slot *slot = ks_top(L) - 1;
  if (slot->tag != KS_INTEGER_TAG || slot->integer < INT16_MIN || slot->integer > UINT16_MAX) return 0;
  *row |= (uint64_t)(uint16_t)slot->integer << 16 * place;
  return 1;
}

/* An integer, and a list of one row of up to three integers: {{0, -1}}. Fields missing at the end of the row are 0.
 * `result` comes with the digest to go on from. Leaves the stack with more on it, which the caller takes off. */
static inline __attribute__((always_inline)) int take_short_row(
  lua_State *L, ks_argument *arguments, uint64_t *packed, uint64_t *result) {
  enum { LIST = 2, ROW };
  uint64_t digest = *result, word = 0;
  if (lua_gettop(L) != LIST || !take_slot(ks_top(L) - LIST, arguments, &digest)) return 0;
  if (lua_type(L, LIST) != LUA_TTABLE || lua_rawlen(L, LIST) != 1) return 0;
  if (lua_rawgeti(L, LIST, 1) != LUA_TTABLE) goto other;
  lua_rawgeti(L, ROW, 1);
  if (!take_half(L, 0, &word)) goto other;
  int given = 1;
  if (lua_rawgeti(L, ROW, 2) != LUA_TNIL && !take_half(L, given++, &word)) goto other;
  /* Nothing may follow but a third: neither more values nor names. */
  lua_pushinteger(L, given);
  if (lua_next(L, ROW)) {
    if (given != 2 || !lua_isinteger(L, -2) || lua_tointeger(L, -2) != 3) goto other;
    if (!take_half(L, 2, &word)) goto other;
    lua_pop(L, 1);
    if (lua_next(L, ROW)) goto other;
  }
  *packed = word;
  arguments[1] = (ks_argument){.word = 0, .bytes = packed, .count = KS_SHORT_ROW, .form = KS_BYTES};
  *result = mix(digest_short_row(digest, word) ^ (uint64_t)KS_SHORT_ROW << 1);
  return 1;
other:
  lua_settop(L, LIST);
  return 0;
}
