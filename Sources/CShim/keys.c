/* The order of a table's keys: numbers ascending, strings bytewise, false, true, then objects by their serials. Total,
 * and the same in every run, unlike the order of Lua's own next, which follows the seed of its string hash.
 */
#include "interpreter.h"
#include <lauxlib.h>
#include <limits.h>
#include <string.h>

/* What of a key decides its place, so that comparing two needs no Lua.
 * Invariant: `string` is alive as long as its key. */
typedef struct {
  uint64_t word;                               /* most of the order: see describe */
  union { const char *string; double number; } rest;
  size_t length;                               /* of a string; for a number: 1 when it is a float */
  uint32_t position;                           /* where the key stands in the unsorted list, from 1 */
  uint32_t rank;
} place;

enum { RANK_NUMBER, RANK_STRING, RANK_BOOLEAN, RANK_OBJECT, RANK_OTHER };

static const double two_to_63 = 9223372036854775808.0;

/* Numbers: the integer part, moved so that unsigned comparison orders it. A float key has a fraction or lies outside of
 * the integers, as Lua turns all others into integers. Strings: the first eight bytes, the first one highest. */
static void describe(lua_State *L, int index, uint32_t position, place *place) {
  place->position = position;
  place->length = 0;
  place->rest.number = 0;
  place->word = 0;
  switch (lua_type(L, index)) {
  case LUA_TNUMBER:
    place->rank = RANK_NUMBER;
    if (lua_isinteger(L, index)) {
      place->word = (uint64_t)lua_tointeger(L, index) ^ (uint64_t)1 << 63;
    } else {
      double number = place->rest.number = lua_tonumber(L, index);
      place->length = 1;
      if (number >= two_to_63) place->word = UINT64_MAX;
      else if (number >= -two_to_63) {
        int64_t below = (int64_t)number;
        if ((double)below > number) below--; /* the cast goes towards 0 */
        place->word = (uint64_t)below ^ (uint64_t)1 << 63;
      }
    }
    break;
  case LUA_TSTRING: {
    const char *string = lua_tolstring(L, index, &place->length);
    size_t count = place->length < 8 ? place->length : 8;
    for (size_t i = 0; i < count; i++) place->word |= (uint64_t)(unsigned char)string[i] << (56 - 8 * i);
    place->rest.string = string;
    place->rank = RANK_STRING;
    break;
  }
  case LUA_TBOOLEAN:
    place->rank = RANK_BOOLEAN;
    place->word = (uint64_t)lua_toboolean(L, index);
    break;
  case LUA_TLIGHTUSERDATA: /* scripts have none */
    place->rank = RANK_OTHER;
    place->word = (uint64_t)(uintptr_t)lua_touserdata(L, index);
    break;
  default:
    place->rank = RANK_OBJECT;
    place->word = ks_serial(L, index);
  }
}

static int is_before(const place *a, const place *b) {
  if (a->rank != b->rank) return a->rank < b->rank;
  if (a->word != b->word) return a->word < b->word;
  if (a->rank == RANK_STRING) {
    size_t shorter = a->length < b->length ? a->length : b->length;
    int order = shorter > 8 ? memcmp(a->rest.string + 8, b->rest.string + 8, shorter - 8) : 0;
    return order ? order < 0 : a->length < b->length;
  }
  if (a->rank == RANK_NUMBER) {
    if (a->length && b->length) return a->rest.number < b->rest.number;
    if (a->length) return a->rest.number < -two_to_63;
    if (b->length) return b->rest.number >= -two_to_63;
  }
  return 0;
}

/* Merge sort; `spare` has room for half of the places. */
static void sort_places(place *places, place *spare, size_t count) {
  if (count <= 8) {
    for (size_t i = 1; i < count; i++) {
      place moving = places[i];
      size_t to = i;
      for (; to > 0 && is_before(&moving, &places[to - 1]); to--) places[to] = places[to - 1];
      places[to] = moving;
    }
    return;
  }
  size_t half = count / 2;
  sort_places(places, spare, half);
  sort_places(places + half, spare, count - half);
  if (!is_before(&places[half], &places[half - 1])) return;
  memcpy(spare, places, half * sizeof *places);
  size_t left = 0, right = half, to = 0;
  while (left < half) {
    if (right < count && is_before(&places[right], &spare[left])) places[to++] = places[right++];
    else places[to++] = spare[left++];
  }
}

/* Pushes the list of the keys in order and returns how many there are; with KS_LIST_UNLESS_SEQUENCE and keys that are
 * just 1..n, found by the raw traversal in this order, pushes nothing and returns n.
 * Invariant: nothing between the two walks can change the table (no metamethod, no finalizer of a script's). */
lua_Integer ks_push_keys(lua_State *L, int table, int when) {
  enum { FEW = 32 };
  place few[FEW + FEW / 2], *places = few;
  lua_Integer count = 0;
  int is_sequence = 1;
  luaL_checkstack(L, FEW + 8, NULL);
  table = lua_absindex(L, table);
  for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
    count++;
    if (is_sequence) is_sequence = lua_isinteger(L, -2) && lua_tointeger(L, -2) == count;
  }
  if (is_sequence && when == KS_LIST_UNLESS_SEQUENCE) return count;
  if (count > INT_MAX) return luaL_error(L, "table has too many fields to be traversed");

  int list = lua_gettop(L) + 1, base = list;
  lua_createtable(L, (int)count, 0);
  if (count > FEW) {
    places = lua_newuserdatauv(L, sizeof *places * (size_t)(count + count / 2), 0);
    lua_createtable(L, (int)count, 0);
    base = list + 2;
  }
  uint32_t position = 0;
  lua_pushnil(L);
  while (lua_next(L, table)) {
    lua_pop(L, 1);
    position++;
    describe(L, -1, position, &places[position - 1]);
    lua_pushvalue(L, -1);
    if (count > FEW) lua_rawseti(L, base, position);
  }
  sort_places(places, places + count, (size_t)count);
  for (lua_Integer i = 1; i <= count; i++) {
    uint32_t from = places[i - 1].position;
    if (count > FEW) lua_rawgeti(L, base, from);
    else lua_pushvalue(L, base + (int)from);
    lua_rawseti(L, list, i);
  }
  lua_settop(L, list);
  return count;
}

/* How many keys of the list are not after the key at `key`; the list's order is total,
 * so a key that is gone has a place too. */
lua_Integer ks_position_of_key(lua_State *L, int list, int key) {
  place wanted, probe;
  lua_Integer low = 0, high = (lua_Integer)lua_rawlen(L, list);
  describe(L, key, 0, &wanted);
  while (low < high) {
    lua_Integer middle = low + (high - low) / 2;
    lua_rawgeti(L, list, middle + 1);
    describe(L, -1, 0, &probe);
    lua_pop(L, 1);
    if (is_before(&wanted, &probe)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/* The first field without sorting: next(t) is mostly asked to see whether there is any. */
int ks_push_first_field(lua_State *L) {
  place best, candidate;
  int found = 0;
  lua_settop(L, 1);
  lua_pushnil(L);
  lua_pushnil(L);
  for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
    describe(L, -2, 0, &candidate);
    if (found && !is_before(&candidate, &best)) continue;
    found = 1;
    best = candidate;
    lua_copy(L, -2, 2);
    lua_copy(L, -1, 3);
  }
  return found ? 2 : (lua_settop(L, 2), 1);
}
