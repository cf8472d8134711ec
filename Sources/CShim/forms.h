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
  for (int position = 0; position < given; position++, strings >>= 1) {
    if (strings & 1 ? !take_string(L, position + 1, &arguments[position], &digest)
                    : !take_integer(L, position + 1, &arguments[position], &digest)) return 0;
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

/* An integer, and a list of one row of up to three integers: {{0, -1}}. Fields missing at the end of the row are 0; the
 * bit pattern of each may be written signed or unsigned. `result` comes with the digest to go on from. */
static inline __attribute__((always_inline)) int take_short_row(
  lua_State *L, ks_argument *arguments, uint64_t *packed, uint64_t *result) {
  enum { LIST = 2, ROW, VALUE };
  uint64_t digest = *result, word = 0;
  if (lua_gettop(L) != LIST || !take_integer(L, 1, arguments, &digest)) return 0;
  if (lua_type(L, LIST) != LUA_TTABLE || lua_rawlen(L, LIST) != 1) return 0;
  if (lua_rawgeti(L, LIST, 1) != LUA_TTABLE) goto other;
  int given = 0;
  while (given < 3) {
    int is_integer, type = lua_rawgeti(L, ROW, given + 1);
    if (type == LUA_TNIL) break;
    lua_Integer value = lua_tointegerx(L, VALUE + given, &is_integer);
    if (type != LUA_TNUMBER || !is_integer || value < INT16_MIN || value > UINT16_MAX) goto other;
    word |= (uint64_t)(uint16_t)value << 16 * given++;
  }
  if (given == 0) goto other;
  /* Nothing may follow: neither more values nor names. */
  lua_pushinteger(L, given);
  if (lua_next(L, ROW)) goto other;
  lua_settop(L, LIST);
  *packed = word;
  arguments[1] = (ks_argument){.word = 0, .bytes = packed, .count = KS_SHORT_ROW, .form = KS_BYTES};
  *result = mix(digest_short_row(digest, word) ^ (uint64_t)KS_SHORT_ROW << 1);
  return 1;
other:
  lua_settop(L, LIST);
  return 0;
}
