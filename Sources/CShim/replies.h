/* What a call tells Lua, and how the ways out of it depend on who made it. */
#pragma once
#include "calls.h"

#define KS_CONVERT "ks.convert"   /* function(index, position, value, level) -> integer, string, buffer or nil */
#define KS_DECODE "ks.decode"     /* function(index, bytes, words ...) -> results */
#define KS_RAISE "ks.raise"       /* function(where, name, head length, message, errno, extra): raises */

/* The upvalues of a call's function: its ks_function, whether failures are raised, and whether the idle task of a
 * driven kernel makes the call: then as_init() stands between the script and the call. */
static inline int ks_is_must(lua_State *L) { return lua_toboolean(L, lua_upvalueindex(2)); }
static inline int ks_is_by_init(lua_State *L) { return !lua_isnoneornil(L, lua_upvalueindex(3)); }
/* The script's line, as luaL_where. */
void ks_push_where(lua_State *L);

/* replies.c: pushes what the machine has answered; returns how many values. */
int ks_push_reply(lua_State *L, const ks_function *function);
/* A transfer's bytes beside an integer: behind it, or (q) in front of it. */
int ks_push_pair(lua_State *L, const ks_function *function, const ks_answer *answer);

/* The bytes of a transfer. */
static inline void ks_push_bytes(lua_State *L, const ks_answer *answer) {
  if (answer->known) lua_rawgeti(L, LUA_REGISTRYINDEX, answer->known->key);
  else lua_pushlstring(L, answer->bytes, (size_t)answer->count);
}

static inline int ks_push_transfer(lua_State *L, const ks_answer *answer) {
  if (answer->has_bytes) ks_push_bytes(L, answer);
  else lua_pushinteger(L, answer->words[0]);
  return 1;
}

/* calls.c: acts on how a call goes on. */
int ks_deliver(lua_State *L, const ks_function *function, int outcome);
