/* The standard libraries as a script of the emulated world sees them: whatever differs from run to run is replaced,
 * whatever reaches the host is refused with the cure. Manual: section 6.
 */
#include "interpreter.h"
#include <lauxlib.h>
#include <lualib.h>
#include <string.h>

/* What is gone. `os` and `io` are filled by the prelude and the machine;
 * these words are what remains if they are not. */
static const struct { const char *library, *name, *cure; } removed[] = {
  {"_G", "dofile", "files are those of the emulated tree"},
  {"_G", "loadfile", "files are those of the emulated tree"},
  {"_G", "print", "no console is attached"},
  {"debug", "debug", "there is no terminal; use the REPL"},
  {"debug", "gethook", "hooks belong to the limits of the run"},
  {"debug", "getlocal", "pass the value"},
  {"debug", "getmetatable", "use getmetatable"},
  {"debug", "getregistry", "the registry belongs to the machine"},
  {"debug", "getupvalue", "pass the value"},
  {"debug", "getuservalue", "user values belong to the machine"},
  {"debug", "setcstacklimit", "the limit is fixed"},
  {"debug", "sethook", "hooks belong to the limits of the run; use --limit"},
  {"debug", "setlocal", "assign the variable"},
  {"debug", "setmetatable", "use setmetatable"},
  {"debug", "setupvalue", "assign the variable"},
  {"debug", "setuservalue", "user values belong to the machine"},
  {"debug", "upvalueid", "it shows addresses"},
  {"debug", "upvaluejoin", "share a local variable or a table"},
  {"io", "close", "files are those of the emulated tree"},
  {"io", "input", "files are those of the emulated tree"},
  {"io", "lines", "files are those of the emulated tree"},
  {"io", "open", "files are those of the emulated tree"},
  {"io", "output", "files are those of the emulated tree"},
  {"io", "popen", "there are no host programs; fork a task and join it by sys.pipe2"},
  {"io", "read", "no console is attached"},
  {"io", "tmpfile", "use sys.memfd_create or io.open below /tmp"},
  {"io", "type", "files are those of the emulated tree"},
  {"io", "write", "no console is attached"},
  {"os", "clock", "time is virtual; use ks.now()"},
  {"os", "date", "time is virtual; use sys.clock_gettime"},
  {"os", "difftime", "time is virtual; subtract numbers"},
  {"os", "execute", "there are no host programs; use sys.execve with a program of the emulated tree"},
  {"os", "exit", "use sys.exit_group"},
  {"os", "getenv", "the host's environment is not visible"},
  {"os", "remove", "use sys.unlink"},
  {"os", "rename", "use sys.rename"},
  {"os", "setlocale", "the locale is always \"C\""},
  {"os", "time", "time is virtual; use sys.clock_gettime"},
  {"os", "tmpname", "choose a name below /tmp"},
  {"package", "loadlib", "C modules cannot be loaded; write the module in Lua"},
  {"package", "searchpath", "files are those of the emulated tree"},
  {"string", "dump", "precompiled chunks cannot be loaded again; keep the source text"},
};

static int refuse(lua_State *L) {
  return luaL_error(L, "%s is not part of a script's world: %s", lua_tostring(L, lua_upvalueindex(1)),
                    lua_tostring(L, lua_upvalueindex(2)));
}

static void remove_functions(lua_State *L) {
  for (size_t i = 0; i < sizeof removed / sizeof *removed; i++) {
    int is_global = strcmp(removed[i].library, "_G") == 0;
    lua_getfield(L, LUA_REGISTRYINDEX, KS_LOADED);
    lua_getfield(L, -1, removed[i].library);
    lua_pushfstring(L, "%s%s%s", is_global ? "" : removed[i].library, is_global ? "" : ".", removed[i].name);
    lua_pushstring(L, removed[i].cure);
    lua_pushcclosure(L, refuse, 2);
    lua_setfield(L, -2, removed[i].name);
    lua_pop(L, 2);
  }
}

void ks_wrap(lua_State *L, const char *name, lua_CFunction wrapper) {
  lua_getfield(L, -1, name);
  lua_pushcclosure(L, wrapper, 1);
  lua_setfield(L, -2, name);
}

/* Lua itself names functions in messages by a raw search of LUA_LOADED_TABLE: with a script's own tables in
 * there, a function that has two names would get one by chance. So Lua gets a table of its own, and a function
 * the first name that it had. */
static char named_functions;

void ks_register_functions(lua_State *L, const char *library, int index) {
  index = lua_absindex(L, index);
  luaL_checkstack(L, 12, NULL);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &named_functions);
  int named = lua_gettop(L);
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  luaL_getsubtable(L, -1, library);
  int names = lua_gettop(L);
  lua_Integer count = ks_push_keys(L, index, KS_LIST_ALWAYS);
  for (lua_Integer i = 1; i <= count; i++) {
    lua_settop(L, names + 1);
    if (lua_rawgeti(L, names + 1, i) != LUA_TSTRING) continue;
    lua_pushvalue(L, -1);
    if (lua_rawget(L, index) != LUA_TFUNCTION) continue;
    ks_serial(L, -1);
    lua_pushvalue(L, -1);
    if (lua_rawget(L, named) != LUA_TNIL) continue;
    lua_pop(L, 1);
    lua_pushvalue(L, -1);
    lua_pushboolean(L, 1);
    lua_rawset(L, named);
    lua_rawset(L, names);
  }
  lua_settop(L, named - 1);
}

/* math.random: stock, but every seed comes from one splitmix64. Stock math.randomseed, the upvalue, would take the
 * clock and an address when called without arguments. */
static uint64_t next_seed(ks_interpreter *interpreter) {
  uint64_t z = interpreter->random_state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

static int randomseed(lua_State *L) {
  if (lua_isnone(L, 1)) {
    lua_pushinteger(L, (lua_Integer)next_seed(ks_interpreter_of(L)));
    lua_pushinteger(L, (lua_Integer)next_seed(ks_interpreter_of(L)));
  }
  lua_pushvalue(L, lua_upvalueindex(1)); /* called, not run in this frame: it has an upvalue, the generator */
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  return lua_gettop(L);
}

static char seeding_function;

void ks_seed_random(lua_State *L, uint64_t seed) {
  ks_interpreter_of(L)->random_state = seed;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &seeding_function);
  lua_call(L, 0, 0);
}

/* Every option of the manual, but no answer that depends on how much memory is in use. */
static int collectgarbage(lua_State *L) {
  static const char *const names[] = {"collect", "count", "generational", "incremental", "isrunning",
                                      "restart", "setpause", "setstepmul", "step", "stop", NULL};
  enum { COLLECT, COUNT, GENERATIONAL, INCREMENTAL, IS_RUNNING, RESTART, SET_PAUSE, SET_STEP, STEP, STOP };
  int number = 0;
  switch (luaL_checkoption(L, 1, "collect", names)) {
  case COLLECT: number = lua_gc(L, LUA_GCCOLLECT); break;
  case COUNT: break;
  case GENERATIONAL:
  case INCREMENTAL: return lua_pushliteral(L, "incremental"), 1; /* the mode stays: the other one changes times only */
  case IS_RUNNING: return lua_pushboolean(L, lua_gc(L, LUA_GCISRUNNING)), 1;
  case RESTART: number = lua_gc(L, LUA_GCRESTART); break;
  case SET_PAUSE: number = lua_gc(L, LUA_GCSETPAUSE, (int)luaL_optinteger(L, 2, 0)); break;
  case SET_STEP: number = lua_gc(L, LUA_GCSETSTEPMUL, (int)luaL_optinteger(L, 2, 0)); break;
  case STEP:
    lua_gc(L, LUA_GCSTEP, (int)luaL_optinteger(L, 2, 0));
    return lua_pushboolean(L, 1), 1;
  case STOP: number = lua_gc(L, LUA_GCSTOP); break;
  }
  lua_pushinteger(L, number);
  return 1;
}

static int has_field(lua_State *L, int table, const char *name) {
  lua_pushstring(L, name);
  int type = lua_rawget(L, table);
  lua_pop(L, 1);
  return type != LUA_TNIL;
}

static int setmetatable(lua_State *L) {
  if (lua_istable(L, 2)) {
    luaL_argcheck(L, !has_field(L, 2, "__gc"), 2,
                  "__gc would run when memory happens to be collected; use a local variable with <close> and __close");
    luaL_argcheck(L, !has_field(L, 2, "__mode"), 2,
                  "the fields of a weak table go when memory happens to be collected; remove them yourself");
  }
  return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

/* load, for text only. An error of the reader function ends in load as in a protected call,
 * hence the look at `unwinding`. */
static int load(lua_State *L) {
  if (!lua_isnoneornil(L, 3) && !strchr(luaL_checkstring(L, 3), 't')) {
    lua_pushnil(L);
    lua_pushliteral(L, "attempt to load a chunk that is not text: precompiled chunks are not part of a script's world");
    return 2;
  }
  if (lua_gettop(L) < 3) lua_settop(L, 3);
  lua_pushliteral(L, "t");
  lua_replace(L, 3);
  int results = lua_tocfunction(L, lua_upvalueindex(1))(L);
  if (results == 2) {
    const char *message = lua_tostring(L, -1);
    int status = message && strcmp(message, "not enough memory") == 0 ? LUA_ERRMEM : LUA_ERRRUN;
    if (ks_caught(L, status)) return lua_error(L);
  }
  return results;
}

static void keep_for_prelude(lua_State *L) { /* the os table is on top */
  static const char *const kept[] = {"date", "time", "difftime"};
  lua_newtable(L);
  for (int i = 0; i < 3; i++) {
    lua_getfield(L, -2, kept[i]);
    lua_setfield(L, -2, kept[i]);
  }
  lua_setfield(L, LUA_REGISTRYINDEX, KS_HOST);
}

void ks_open_libraries(lua_State *L) {
  static const luaL_Reg libraries[] = { /* not io: it would open the host's standard files */
    {LUA_GNAME, luaopen_base}, {LUA_LOADLIBNAME, luaopen_package}, {LUA_COLIBNAME, luaopen_coroutine},
    {LUA_TABLIBNAME, luaopen_table}, {LUA_OSLIBNAME, luaopen_os}, {LUA_STRLIBNAME, luaopen_string},
    {LUA_MATHLIBNAME, luaopen_math}, {LUA_UTF8LIBNAME, luaopen_utf8}, {LUA_DBLIBNAME, luaopen_debug}, {NULL, NULL},
  };
  static const char *const names[] = {
    "_G", "coroutine", "debug", "io", "math", "os", "package", "string", "table", "utf8",
  };
  luaL_checkstack(L, 20, NULL);
  int top = lua_gettop(L);
  for (const luaL_Reg *library = libraries; library->func; library++) luaL_requiref(L, library->name, library->func, 1);
  lua_settop(L, top);

  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_pushvalue(L, -1);
  lua_setfield(L, LUA_REGISTRYINDEX, KS_LOADED);
  lua_newtable(L);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "io");
  lua_setglobal(L, "io");
  lua_newtable(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &named_functions);

  ks_open_tables(L);
  ks_open_strings(L);
  ks_open_coroutines(L);
  ks_open_sort(L);
  ks_open_protected_calls(L);
  ks_open_modules(L);
  lua_pushglobaltable(L);
  ks_wrap(L, "load", load);
  ks_wrap(L, "setmetatable", setmetatable);
  lua_pushcfunction(L, collectgarbage);
  lua_setfield(L, -2, "collectgarbage");
  lua_getglobal(L, "os");
  keep_for_prelude(L);
  lua_getglobal(L, "math");
  ks_wrap(L, "randomseed", randomseed);
  lua_getfield(L, -1, "randomseed");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &seeding_function);
  ks_seed_random(L, 0);
  remove_functions(L);

  lua_newtable(L);
  lua_setfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    lua_getglobal(L, names[i]);
    ks_register_functions(L, names[i], -1);
  }
  lua_settop(L, top);
}
