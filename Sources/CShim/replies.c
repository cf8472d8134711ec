/* What a call answers, as values of Lua. */
#include "replies.h"
#include "arguments.h"
#include <lauxlib.h>
#include <string.h>

void ks_push_where(lua_State *L) { luaL_where(L, ks_is_by_init(L) ? 2 : 1); }

/* The row that a call has kept while it waited takes the place of the table that it came in: see keep_short_row(). */
static void restore_short_row(lua_State *L, const ks_function *function) {
  if (lua_gettop(L) > function->count && lua_type(L, -1) == LUA_TLIGHTUSERDATA && function->rows[0]) {
    lua_replace(L, function->count);
  }
}

/* The answer of a failed call: nil, message, errno and what accompanies it; or an error object, raised. */
static __attribute__((noinline)) int push_failure(lua_State *L, const ks_function *function, const ks_answer *answer) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  ks_argument arguments[KS_MAX_ARGUMENTS];
  unsigned char rows[KS_ROWS_SIZE];
  char extra[64]; /* kept, since describing the call reuses the answer's bytes */
  size_t extra_length = answer->has_extra ? (size_t)answer->count : 0;
  int error = answer->error;
  if (extra_length > sizeof extra) extra_length = 0;
  memcpy(extra, answer->bytes ? answer->bytes : "", extra_length);
  luaL_checkstack(L, 12, NULL);
  restore_short_row(L, function);
  ks_take_any(L, function, arguments, rows, 1);
  interpreter->host->describe(interpreter->machine, function->index, arguments, error);
  if (ks_is_must(L)) {
    lua_getfield(L, LUA_REGISTRYINDEX, KS_RAISE);
    ks_push_where(L);
    lua_pushstring(L, function->name);
    lua_pushinteger(L, answer->words[0]);
  } else {
    luaL_pushfail(L);
  }
  lua_pushlstring(L, answer->bytes, (size_t)answer->count);
  lua_pushinteger(L, error);
  if (extra_length) {
    lua_getfield(L, LUA_REGISTRYINDEX, KS_DECODE);
    lua_pushinteger(L, -1);
    lua_pushlstring(L, extra, extra_length);
    lua_call(L, 2, 1);
  }
  if (!ks_is_must(L)) return extra_length ? 4 : 3;
  lua_call(L, extra_length ? 6 : 5, 0);
  return 0;
}

int ks_push_pair(lua_State *L, const ks_function *function, const ks_answer *answer) {
  if (function->shape == 'r') lua_pushinteger(L, answer->words[0]);
  ks_push_bytes(L, answer);
  if (function->shape == 'q') lua_pushinteger(L, answer->words[1]);
  return 2;
}

/* Shapes: i integer, p two integers, t a transfer, q a transfer and an integer, r the other way round, s bytes,
 * v nothing, m an integer unless there are bytes, x anything else (the prelude makes it). */
int ks_push_reply(lua_State *L, const ks_function *function) {
  const ks_answer *answer = ks_interpreter_of(L)->host->answer;
  if (answer->error) return push_failure(L, function, answer);
  switch (function->shape) {
  case 'i': lua_pushinteger(L, answer->words[0]); return 1;
  case 't': return ks_push_transfer(L, answer);
  case 's': lua_pushlstring(L, answer->bytes, (size_t)answer->count); return 1;
  case 'p':
    lua_pushinteger(L, answer->words[0]);
    lua_pushinteger(L, answer->words[1]);
    return 2;
  case 'q':
  case 'r':
    if (answer->has_bytes) return ks_push_pair(L, function, answer);
    lua_pushinteger(L, answer->words[0]);
    lua_pushinteger(L, answer->words[1]);
    return 2;
  case 'v': return 0;
  case 'm':
    if (!answer->count) {
      lua_pushinteger(L, answer->words[0]);
      return 1;
    }
    /* fall through */
  default: {
    int before = lua_gettop(L);
    luaL_checkstack(L, 8, NULL);
    lua_getfield(L, LUA_REGISTRYINDEX, KS_DECODE);
    lua_pushinteger(L, function->index);
    lua_pushlstring(L, answer->bytes, (size_t)answer->count);
    for (int i = 0; i < 4; i++) lua_pushinteger(L, answer->words[i]);
    lua_call(L, 6, LUA_MULTRET);
    return lua_gettop(L) - before;
  }
  }
}

void ks_push_handler(lua_State *L, const ks_answer *answer) {
  luaL_checkstack(L, 8, NULL);
  lua_rawgetp(L, LUA_REGISTRYINDEX, ks_interpreter_of(L)->machine);
  lua_geti(L, -1, answer->words[0]);
  lua_remove(L, -2);
  lua_pushinteger(L, answer->words[1]);
  lua_getfield(L, LUA_REGISTRYINDEX, KS_DECODE);
  lua_pushinteger(L, -2);
  lua_pushlstring(L, answer->bytes, (size_t)answer->count);
  lua_call(L, 2, 1);
}
