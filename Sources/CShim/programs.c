/* Programs: functions that run with globals of their own; and the calls of the idle task of a driven kernel.
 *
 * A program is kept as its precompiled form, which holds nothing of the script that made it, and is loaded anew each
 * time it starts. Scripts never see that form. Manual: lua_dump, lua_load.
 */
#include "calls.h"
#include <lauxlib.h>
#include <lualib.h>
#include <string.h>

static int append(lua_State *L, const void *bytes, size_t length, void *buffer) {
  (void)L;
  luaL_addlstring(buffer, bytes, length);
  return 0;
}

/* core.dump(fn) -> its precompiled form; or nil and the names of the local variables that it captures. */
static int dump(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 1);
  if (lua_iscfunction(L, 1)) return luaL_error(L, "a program is a Lua function");
  lua_pushliteral(L, "");
  const char *name;
  for (int i = 1; (name = lua_getupvalue(L, 1, i)) != NULL; i++) {
    lua_pop(L, 1);
    if (strcmp(name, "_ENV") == 0) continue;
    lua_pushfstring(L, "%s%s%s", lua_tostring(L, 2), *lua_tostring(L, 2) ? ", " : "", name);
    lua_replace(L, 2);
  }
  if (*lua_tostring(L, 2)) {
    luaL_pushfail(L);
    lua_insert(L, 2);
    return 2;
  }
  luaL_Buffer buffer;
  lua_settop(L, 1);
  /* lua_dump takes the function from the top, where the buffer wants to be: a copy goes to a stack of its own. */
  lua_State *thread = lua_newthread(L);
  lua_pushvalue(L, 1);
  lua_xmove(L, thread, 1);
  luaL_buffinit(L, &buffer);
  lua_dump(thread, append, &buffer, 0);
  luaL_pushresult(&buffer);
  return 1;
}

/* core.load_program(form, environment) -> function */
static int load_program(lua_State *L) {
  size_t length;
  const char *form = luaL_checklstring(L, 1, &length);
  luaL_checktype(L, 2, LUA_TTABLE);
  if (luaL_loadbufferx(L, form, length, "program", "b") != LUA_OK) return lua_error(L);
  lua_pushvalue(L, 2);
  if (!lua_setupvalue(L, -2, 1)) lua_pop(L, 1); /* one that uses no globals has no _ENV */
  return 1;
}

/* core.new_math() -> the library as it comes, with a generator of its own */
static int new_math(lua_State *L) {
  lua_pushcfunction(L, luaopen_math);
  lua_call(L, 0, 1);
  return 1;
}

/* A call by the idle task of a driven kernel. Upvalues: the call's own function, and the kernel's number. */
static int as_init(lua_State *L) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  void *outer = interpreter->machine;
  void *machine = interpreter->host->enter(outer, lua_tointeger(L, lua_upvalueindex(2)));
  if (!machine) return luaL_error(L, "the kernel is closed");
  int count = lua_gettop(L);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  interpreter->machine = machine;
  int status = lua_pcall(L, count, LUA_MULTRET, 0);
  interpreter->machine = outer;
  interpreter->host->leave(machine);
  if (status == LUA_OK) return lua_gettop(L);
  ks_caught(L, status);
  return lua_error(L);
}

/* core.bind_init(name, must, kernel) -> function, or nil */
static int bind_init(lua_State *L) {
  lua_settop(L, 3);
  lua_pushcfunction(L, ks_bind);
  lua_pushvalue(L, 1);
  lua_pushvalue(L, 2);
  lua_call(L, 2, 1);
  if (lua_isnil(L, 4)) return 0;
  lua_CFunction code = lua_tocfunction(L, 4);
  lua_getupvalue(L, 4, 1);
  lua_pushvalue(L, 2);
  lua_pushvalue(L, 3);
  lua_pushcclosure(L, code, 3);
  lua_pushvalue(L, 3);
  lua_pushcclosure(L, as_init, 2);
  return 1;
}

/* core.handlers() -> the functions given to sigaction in the running kernel, by number */
static int handlers(lua_State *L) {
  void *machine = ks_interpreter_of(L)->machine;
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, machine) != LUA_TTABLE) {
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, machine);
  }
  return 1;
}

void ks_forget_handlers(lua_State *L, const void *machine) {
  if (!lua_checkstack(L, 2)) return;
  lua_pushnil(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, machine);
}

void ks_open_programs(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"bind_init", bind_init}, {"dump", dump}, {"handlers", handlers}, {"load_program", load_program},
    {"new_math", new_math}, {"new_require", ks_new_require}, {NULL, NULL}};
  luaL_setfuncs(L, functions, 0);
}
