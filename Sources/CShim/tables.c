/* Traversal in an order that is the same in every run: pairs and next.
 *
 * A traversal works on a list of keys made when it began (keys.c), and looks each value up when it gets there: so
 * a field that was removed meanwhile is skipped, one that was changed shows its new value, one that was added is
 * not seen. Manual: section 6.1.
 */
#include "interpreter.h"
#include <lauxlib.h>

/* Both iterators get (table, key). From the place of the key, or from `guess` if the key stands there, pushes the next
 * field that still has a value, and returns its position; 0 and nil at the end. */
static lua_Integer push_next_field(lua_State *L, int list, lua_Integer guess) {
  lua_Integer position = 0;
  if (!lua_isnil(L, 2)) {
    lua_rawgeti(L, list, guess);
    position = lua_rawequal(L, 2, -1) ? guess : ks_position_of_key(L, list, 2);
    lua_pop(L, 1);
  }
  while (lua_rawgeti(L, list, ++position) != LUA_TNIL) {
    lua_pushvalue(L, -1);
    if (lua_rawget(L, 1) != LUA_TNIL) return position;
    lua_pop(L, 2);
  }
  return 0;
}

static int walk_list(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 2);
  lua_Integer position = push_next_field(L, lua_upvalueindex(1), lua_tointeger(L, lua_upvalueindex(2)));
  if (!position) return 1;
  lua_pushinteger(L, position);
  lua_replace(L, lua_upvalueindex(2));
  return 2;
}

/* Keeps nothing but the length at the start, so that one function serves all sequences of a length. */
static int walk_sequence(lua_State *L) {
  if (!lua_istable(L, 1)) luaL_checktype(L, 1, LUA_TTABLE);
  lua_Integer last = lua_tointeger(L, lua_upvalueindex(1));
  lua_Integer i = lua_tointeger(L, 2); /* 0 for the nil at the start */
  while (i < last) {
    lua_pushinteger(L, ++i);
    if (lua_rawgeti(L, 1, i) != LUA_TNIL) return 2;
    lua_pop(L, 2);
  }
  lua_pushnil(L);
  return 1;
}

static int after_pairs_metamethod(lua_State *L, int status, lua_KContext context) {
  (void)L, (void)status, (void)context;
  return 3;
}

static int pairs(lua_State *L) {
  luaL_checkany(L, 1);
  if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
    lua_pushvalue(L, 1);
    lua_callk(L, 1, 3, 0, after_pairs_metamethod);
    return 3;
  }
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_Integer count = ks_push_keys(L, 1, KS_LIST_UNLESS_SEQUENCE);
  if (lua_gettop(L) == 2) {
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, walk_list, 2);
  } else if (count > 64 || lua_rawgeti(L, lua_upvalueindex(1), count + 1) == LUA_TNIL) {
    lua_settop(L, 1);
    lua_pushinteger(L, count);
    lua_pushcclosure(L, walk_sequence, 1);
    if (count <= 64) {
      lua_pushvalue(L, -1);
      lua_rawseti(L, lua_upvalueindex(1), count + 1);
    }
  }
  lua_pushvalue(L, 1);
  lua_pushnil(L);
  return 3;
}

static void forget_list(lua_State *L) {
  lua_pushvalue(L, 1);
  lua_pushnil(L);
  lua_rawset(L, lua_upvalueindex(1));
}

/* Upvalue 1: tables -> their lists of keys, with weak keys, so that an abandoned traversal keeps no table alive;
 * and since it would keep the keys, all lists are dropped now and then. Dropping one costs time only: the key's
 * place is found in a new list. */
static int next(lua_State *L) {
  enum { LISTS = 16 };
  ks_interpreter *interpreter = ks_interpreter_of(L);
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 2);
  lua_pushvalue(L, 1);
  int known = lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL;
  if (lua_isnil(L, 2)) {
    if (known) forget_list(L); /* a new traversal must see what was added since */
    return ks_push_first_field(L);
  }
  if (!known) {
    lua_pop(L, 1);
    if (++interpreter->next_lists > LISTS) {
      interpreter->next_lists = 1;
      lua_newtable(L);
      lua_getmetatable(L, lua_upvalueindex(1));
      lua_setmetatable(L, -2);
      lua_replace(L, lua_upvalueindex(1));
    }
    ks_push_keys(L, 1, KS_LIST_ALWAYS);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 3);
    lua_rawset(L, lua_upvalueindex(1));
  }
  lua_Integer position = push_next_field(L, 3, interpreter->next_position);
  if (position) {
    interpreter->next_position = position;
    return 2;
  }
  forget_list(L);
  return 1; /* the nil that push_next_field found after the last key */
}

void ks_open_tables(lua_State *L) {
  lua_pushglobaltable(L);
  lua_newtable(L); /* the functions that walk sequences, by length + 1 */
  lua_pushcclosure(L, pairs, 1);
  lua_setfield(L, -2, "pairs");
  lua_newtable(L);
  lua_newtable(L);
  lua_pushliteral(L, "k");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_pushcclosure(L, next, 1);
  lua_setfield(L, -2, "next");
  lua_pop(L, 1);
}
