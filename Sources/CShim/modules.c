/* require over package.searchers, which hold package.preload and what the machine provides: no C modules. A module may
 * make system calls that wait while it is loaded. Manual: section 6.3.
 */
#include "interpreter.h"
#include <lauxlib.h>

/* Upvalues: 1 package.loaded as it was at the start, 2 package. */
static int finish_require(lua_State *L, int status, lua_KContext context) {
  (void)status, (void)context; /* on the stack: 1 name, 2 the searcher's data, 3 what the loader returned */
  if (!lua_isnil(L, 3)) {
    lua_pushvalue(L, 3);
    lua_setfield(L, lua_upvalueindex(1), lua_tostring(L, 1));
  }
  if (lua_getfield(L, lua_upvalueindex(1), lua_tostring(L, 1)) == LUA_TNIL) {
    lua_pushboolean(L, 1);
    lua_copy(L, -1, -2);
    lua_setfield(L, lua_upvalueindex(1), lua_tostring(L, 1));
  }
  lua_pushvalue(L, 2);
  return 2;
}

static int require(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  lua_settop(L, 1);
  if (lua_getfield(L, lua_upvalueindex(1), name), lua_toboolean(L, -1)) return 1;
  lua_settop(L, 1);
  lua_pushliteral(L, ""); /* 2: why not, so far */
  if (lua_getfield(L, lua_upvalueindex(2), "searchers") != LUA_TTABLE)
    luaL_error(L, "'package.searchers' must be a table");
  for (lua_Integer i = 1;; i++) {
    lua_settop(L, 3);
    if (lua_rawgeti(L, 3, i) == LUA_TNIL) return luaL_error(L, "module '%s' not found:%s", name, lua_tostring(L, 2));
    lua_pushvalue(L, 1);
    lua_call(L, 1, 2);
    if (lua_isfunction(L, -2)) break;
    if (lua_isstring(L, -2)) {
      lua_pushfstring(L, "%s\n\t%s", lua_tostring(L, 2), lua_tostring(L, -2));
      lua_replace(L, 2);
    }
  }
  lua_replace(L, 2);
  lua_replace(L, 3); /* 1 name, 2 data, 3 loader */
  lua_pushvalue(L, 1);
  lua_pushvalue(L, 2);
  lua_callk(L, 2, 1, 0, finish_require);
  return finish_require(L, LUA_OK, 0);
}

int ks_new_require(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  lua_pushcclosure(L, require, 2);
  return 1;
}

static int search_preload(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  if (lua_getfield(L, -1, name) == LUA_TNIL) lua_pushfstring(L, "no field package.preload['%s']", name);
  lua_pushliteral(L, ":preload:");
  return 2;
}

static int search_by_machine(lua_State *L) {
  lua_settop(L, 1);
  if (lua_getfield(L, LUA_REGISTRYINDEX, KS_SEARCHER) == LUA_TNIL) return 1;
  lua_insert(L, 1);
  lua_call(L, 1, 2);
  return 2;
}

void ks_open_modules(lua_State *L) {
  lua_getglobal(L, "package");
  lua_pushnil(L);
  lua_setfield(L, -2, "cpath");
  lua_pushliteral(L, "./?.lua;./?/init.lua");
  lua_setfield(L, -2, "path");
  lua_createtable(L, 2, 0);
  lua_pushcfunction(L, search_preload);
  lua_rawseti(L, -2, 1);
  lua_pushcfunction(L, search_by_machine);
  lua_rawseti(L, -2, 2);
  lua_setfield(L, -2, "searchers");
  lua_getfield(L, -1, "loaded");
  lua_insert(L, -2);
  lua_pushcclosure(L, require, 2);
  lua_setglobal(L, "require");
}
