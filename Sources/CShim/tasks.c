/* The coroutines of tasks: made, resumed, and what is left of them when they fail. */
#include "calls.h"
#include "turns.h"
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

static int after_function(lua_State *L, int status, lua_KContext context) {
  (void)status;
  (void)context;
  ks_interpreter *interpreter = ks_interpreter_of(L);
  /* An integer is the exit status; anything else, and nothing, is 0. */
  int64_t code = lua_gettop(L) > 0 && lua_isinteger(L, 1) ? lua_tointeger(L, 1) : 0;
  interpreter->host->task_returned(interpreter->machine, code);
  return 0;
}

static int start_function(lua_State *L, int status, lua_KContext context);

/* A signal that came before the task first ran is delivered before its function begins. */
static int begin(lua_State *L, int outcome) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  if (outcome == KS_HANDLER) {
    ks_push_handler(L, interpreter->host->answer);
    lua_callk(L, 2, 0, 1, start_function);
    return start_function(L, LUA_OK, 1);
  }
  if (outcome != KS_REPLY) {
    interpreter->suspended = 1;
    return lua_yieldk(L, 0, 0, start_function);
  }
  lua_callk(L, lua_gettop(L) - 1, LUA_MULTRET, 0, after_function);
  return after_function(L, LUA_OK, 0);
}

/* Context 1: a handler has returned; 0: the task was resumed. */
static int start_function(lua_State *L, int status, lua_KContext context) {
  (void)status;
  ks_interpreter *interpreter = ks_interpreter_of(L);
  if (context == 1) return begin(L, interpreter->host->handler_returned(interpreter->machine, 0));
  return begin(L, interpreter->host->result(interpreter->machine));
}

static int task(lua_State *L) { return start_function(L, LUA_OK, 0); }

lua_State *ks_new_task(lua_State *L, int index) {
  int count = lua_gettop(L) - index + 1;
  lua_State *thread = lua_newthread(L);
  ks_mark_task(thread);
  luaL_checkstack(thread, count + 1, "too many arguments");
  lua_pushcfunction(thread, task);
  lua_insert(L, index);
  lua_xmove(L, thread, count);
  lua_getfield(L, LUA_REGISTRYINDEX, "ks.threads");
  lua_insert(L, index);
  lua_rawsetp(L, index, thread);
  lua_settop(L, index - 1);
  return thread;
}

void ks_release_task(lua_State *L, lua_State *thread) {
  if (!lua_checkstack(L, 3)) return;
  lua_getfield(L, LUA_REGISTRYINDEX, "ks.threads");
  lua_pushnil(L);
  lua_rawsetp(L, -2, thread);
  lua_pop(L, 1);
}

int ks_go_on(lua_State *thread) { return give_turn(thread, ks_interpreter_of(thread)->running); }

/* function(thread, its error) -> message, traceback. Errors with no place of their own get that of the throw. */
static int describe_failure(lua_State *L) {
  lua_State *thread = lua_touserdata(L, 1);
  char place[256] = "";
  const char *where = place;
  if (lua_type(L, 2) != LUA_TSTRING) ks_where(thread, place, sizeof place);
  if (lua_istable(L, 2)) {
    lua_pushliteral(L, "where");
    lua_rawget(L, 2);
    if (lua_isstring(L, -1)) where = lua_tostring(L, -1);
  }
  const char *text = ks_tostring(L, 2, NULL);
  if (strncmp(text, where, strlen(where)) == 0) where = "";
  lua_pushfstring(L, "%s%s%s", where, *where && where[strlen(where) - 1] != ' ' ? ": " : "", text);
  luaL_traceback(L, thread, NULL, 0);
  return 2;
}

/* Protected: a __tostring of the script's may fail in turn. */
void ks_push_failure(lua_State *L, lua_State *thread) {
  luaL_checkstack(L, 6, NULL);
  luaL_checkstack(thread, 1, NULL);
  lua_pushcfunction(L, describe_failure);
  lua_pushlightuserdata(L, thread);
  lua_pushvalue(thread, -1);
  lua_xmove(thread, L, 1);
  if (lua_pcall(L, 2, 2, 0) == LUA_OK) return;
  lua_pop(L, 1);
  char place[256] = "";
  ks_where(thread, place, sizeof place);
  lua_pushfstring(L, "%s: an error whose __tostring fails", place);
  lua_pushliteral(L, "");
}

static int raw_load(lua_State *L, const char *name, const char *text, size_t length) {
  return luaL_loadbufferx(L, text, length, name, "t");
}

int ks_load(lua_State *L, const char *name, const char *text, size_t length) { return raw_load(L, name, text, length); }

int ks_run_prelude(lua_State *L, const char *name, const char *text, size_t length, int arguments) {
  int status = raw_load(L, name, text, length);
  if (status != LUA_OK) return status;
  lua_insert(L, -arguments - 1);
  return lua_pcall(L, arguments, 1, 0);
}

/* The script's line; a prelude's where there is none of the script's. */
int ks_where(lua_State *thread, char *text, size_t size) {
  lua_Debug record;
  int length = 0;
  for (int level = 0; lua_getstack(thread, level, &record); level++) {
    lua_getinfo(thread, "Sl", &record);
    if (record.currentline <= 0) continue;
    int is_own = strncmp(record.short_src, "kscript:", 8) == 0;
    if (length && is_own) continue;
    length = snprintf(text, size, "%s:%d", record.short_src, record.currentline);
    if (!is_own) return length;
  }
  if (size && !length) *text = 0;
  return length;
}
