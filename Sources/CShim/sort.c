/* table.sort, whose stock twin takes pivots from the clock. Manual: section 6.6.
 *
 * The values are taken out, their positions sorted by merging, and all put back: stable, and a comparison that fails
 * leaves the table as it was. The comparison is called, not continued: it cannot wait in a system call.
 */
#include "interpreter.h"
#include <lauxlib.h>
#include <limits.h>
#include <string.h>

/* On the stack: 1 the table, 2 the function or nil, 3 the values. */
static int value_is_before(lua_State *L, uint32_t a, uint32_t b) {
  int answer;
  if (lua_isnil(L, 2)) {
    lua_rawgeti(L, 3, a);
    lua_rawgeti(L, 3, b);
    answer = lua_compare(L, -2, -1, LUA_OPLT);
    lua_pop(L, 2);
  } else {
    lua_pushvalue(L, 2);
    lua_rawgeti(L, 3, a);
    lua_rawgeti(L, 3, b);
    lua_call(L, 2, 1);
    answer = lua_toboolean(L, -1);
    lua_pop(L, 1);
  }
  return answer;
}

static void sort_values(lua_State *L, uint32_t *values, uint32_t *spare, size_t count) {
  if (count < 2) return;
  size_t half = count / 2;
  sort_values(L, values, spare, half);
  sort_values(L, values + half, spare, count - half);
  if (!value_is_before(L, values[half], values[half - 1])) return;
  memcpy(spare, values, half * sizeof *values);
  size_t left = 0, right = half, to = 0;
  while (left < half) {
    if (right < count && value_is_before(L, values[right], spare[left])) values[to++] = values[right++];
    else values[to++] = spare[left++];
  }
}

static int sort(lua_State *L) {
  if (!lua_istable(L, 1)) { /* anything that behaves as a table will do */
    static const char *const needed[] = {"__index", "__newindex", "__len"};
    for (int i = 0; i < 3; i++) {
      if (luaL_getmetafield(L, 1, needed[i]) == LUA_TNIL) luaL_checktype(L, 1, LUA_TTABLE);
      lua_pop(L, 1);
    }
  }
  lua_Integer count = luaL_len(L, 1);
  if (count < 2) return 0;
  luaL_argcheck(L, count < INT_MAX, 1, "array too big");
  if (!lua_isnoneornil(L, 2)) luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  lua_createtable(L, (int)count, 0);
  uint32_t *values = lua_newuserdatauv(L, sizeof *values * (size_t)(count + count / 2), 0);
  for (lua_Integer i = 1; i <= count; i++) {
    values[i - 1] = (uint32_t)i;
    lua_geti(L, 1, i);
    lua_rawseti(L, 3, i);
  }
  sort_values(L, values, values + count, (size_t)count);
  for (lua_Integer i = 1; i <= count; i++) {
    lua_rawgeti(L, 3, values[i - 1]);
    lua_seti(L, 1, i);
  }
  return 0;
}

void ks_open_sort(lua_State *L) {
  lua_getglobal(L, "table");
  lua_pushcfunction(L, sort);
  lua_setfield(L, -2, "sort");
  lua_pop(L, 1);
}
