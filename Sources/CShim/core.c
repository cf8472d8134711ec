/* The core table: what the prelude is built on. */
#include "known.h"
#include "replies.h"
#include <lauxlib.h>
#include <string.h>

#define KS_THREADS "ks.threads"   /* keeps the coroutines of tasks */

static const ks_function settle_function = {.name = "settle", .shape = 'v'};

/* core.settle() */
static int settle(lua_State *L) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  if (!ks_can_suspend(L)) return ks_deliver(L, &settle_function, KS_CANNOT_SLEEP);
  return ks_deliver(L, &settle_function, interpreter->host->settle(interpreter->machine));
}

static const ks_function run_function = {.name = "run", .shape = 'v'};

/* core.query(operation, ...) -> nil, integer, number or string */
static int query(lua_State *L) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  ks_argument arguments[KS_MAX_ARGUMENTS];
  const char *operation = luaL_checkstring(L, 1);
  int count = lua_gettop(L) - 1;
  if (count > KS_MAX_ARGUMENTS) return luaL_error(L, "too many values for core.query");
  for (int i = 0; i < count; i++) {
    ks_argument *argument = &arguments[i];
    size_t length;
    memset(argument, 0, sizeof *argument);
    switch (lua_type(L, i + 2)) {
    case LUA_TNUMBER:
      argument->form = KS_WORD;
      argument->word = lua_tointeger(L, i + 2);
      break;
    case LUA_TSTRING:
      argument->form = KS_BYTES;
      argument->bytes = lua_tolstring(L, i + 2, &length);
      argument->count = (int64_t)length;
      break;
    case LUA_TBOOLEAN:
      argument->form = KS_WORD;
      argument->word = lua_toboolean(L, i + 2);
      break;
    case LUA_TTHREAD:
    case LUA_TLIGHTUSERDATA:
      argument->form = KS_WORD;
      argument->word = (int64_t)lua_topointer(L, i + 2);
      break;
    default: break;
    }
  }
  int shape = interpreter->host->query(interpreter->machine, operation, arguments, count);
  const ks_answer *answer = interpreter->host->answer;
  switch (shape) {
  case 'i': lua_pushinteger(L, answer->words[0]); return 1;
  case 'd': lua_pushnumber(L, (lua_Number)answer->words[0] / 1e9); return 1;
  case 's': lua_pushlstring(L, answer->bytes, (size_t)answer->count); return 1;
  case 'e':
    luaL_where(L, 2);
    lua_pushlstring(L, answer->bytes, (size_t)answer->count);
    lua_concat(L, 2);
    return lua_error(L);
  case 'u':
    lua_pushlstring(L, answer->bytes, (size_t)answer->count);
    return lua_error(L);
  case 'b': return ks_deliver(L, &run_function, KS_BLOCKED);
  default: return 0;
  }
}

/* core.set(name, value): convert, decode, raise and handlers, where the functions above find them */
static int set_registry(lua_State *L) {
  lua_setfield(L, LUA_REGISTRYINDEX, luaL_checkstring(L, 1));
  return 0;
}

/* core.new_task(fn, ...) -> light userdata for the machine */
static int new_task(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_pushlightuserdata(L, ks_new_task(L, 1));
  return 1;
}

static int core_tostring(lua_State *L) {
  ks_tostring(L, 1, NULL);
  return 1;
}

void ks_open_core(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"bind", ks_bind}, {"settle", settle}, {"query", query}, {"set", set_registry}, {"new_task", new_task},
    {"tostring", core_tostring},
    {NULL, NULL}};
  ks_look_at_slots(L);
  ks_open_known_strings(L);
  lua_newtable(L);
  lua_setfield(L, LUA_REGISTRYINDEX, KS_THREADS);
  luaL_newlib(L, functions);
  ks_open_programs(L);
  ks_open_memory(L);
  ks_register_functions(L, "core", lua_gettop(L));
  lua_getfield(L, LUA_REGISTRYINDEX, KS_HOST);
  lua_setfield(L, -2, "host");
  lua_getfield(L, LUA_REGISTRYINDEX, KS_LOADED);
  lua_setfield(L, -2, "loaded");
}
