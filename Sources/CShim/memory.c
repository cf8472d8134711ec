/* Buffers: stretches of a task's memory, read and written as by instructions of the task itself.
 *
 * An access that faults raises SIGSEGV or SIGBUS in the task. Where a handler returns, the access is made
 * again, for ever if need be, as on hardware; a handler that raises an error leaves it; without a handler
 * the task ends. Every access keeps its arguments on the Lua stack until it is over, since a handler may
 * wait in between. Manual: section 4.5.
 */
#include "calls.h"
#include <lauxlib.h>
#include <string.h>

static const char buffer_mark;

/* A buffer is told by its first word, not by its metatable, which takes Lua four times as long. The length comes first:
 * it says that there is a first word, and of a light userdata that there is none. */
ks_buffer *ks_to_buffer(lua_State *L, int index) {
  if (lua_rawlen(L, index) != sizeof(ks_buffer)) return NULL;
  ks_buffer *buffer = lua_touserdata(L, index);
  return buffer && buffer->mark == &buffer_mark ? buffer : NULL;
}

/* What an access does, and how many arguments it keeps: buffer, offset and value; or buffer, first and last. */
enum { ACCESS_STRING, ACCESS_U8 = 1, ACCESS_U16 = 2, ACCESS_U32 = 4, ACCESS_U64 = 8, ACCESS_SET = 16 };
static const char *const access_names[] = {
  [ACCESS_STRING] = "string()", [ACCESS_U8] = "u8(0)", [ACCESS_U16] = "u16(0)", [ACCESS_U32] = "u32(0)",
  [ACCESS_U64] = "u64(0)", [ACCESS_SET] = "set(0, bytes)"};

static ks_buffer *self(lua_State *L, int access) {
  ks_buffer *buffer = ks_to_buffer(L, 1);
  if (!buffer) luaL_error(L, "a buffer's method is called with a colon: buf:%s", access_names[access]);
  return buffer;
}

/* Checks that `size` bytes at the offset in argument 2 lie within the buffer; returns their address. */
static uint64_t check_range(lua_State *L, const ks_buffer *buffer, uint64_t size) {
  if (!lua_isinteger(L, 2)) luaL_error(L, "an offset is an integer, not %s", ks_tostring(L, 2, NULL));
  lua_Integer offset = lua_tointeger(L, 2);
  if (offset < 0 || (uint64_t)offset > buffer->count || size > buffer->count - (uint64_t)offset)
    luaL_error(L, "offset %I with %I bytes lies outside the buffer of %I", (LUAI_UACINT)offset, (LUAI_UACINT)size,
               (LUAI_UACINT)buffer->count);
  return buffer->address + (uint64_t)offset;
}

/* Makes the access once: KS_REPLY, with `results` values pushed, or how the task goes on that has faulted. */
static int attempt(lua_State *L, int access, int *results) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  const ks_host *host = interpreter->host;
  const ks_buffer *buffer = self(L, access);
  int outcome;
  *results = 0;
  switch (access) {
  case ACCESS_STRING: {
    /* Positions as string.sub has them. */
    lua_Integer count = (lua_Integer)buffer->count, first = luaL_optinteger(L, 2, 1), last = luaL_optinteger(L, 3, -1);
    if (first < 0) first = count + first + 1 > 1 ? count + first + 1 : 1;
    else if (first == 0) first = 1;
    if (last < 0) last = count + last + 1;
    else if (last > count) last = count;
    *results = 1;
    if (first > last) {
      lua_pushliteral(L, "");
      return KS_REPLY;
    }
    uint64_t begin = buffer->address + (uint64_t)(first - 1);
    outcome = host->load_bytes(interpreter->machine, begin, (uint64_t)(last - first + 1));
    if (outcome == KS_REPLY) lua_pushlstring(L, host->answer->bytes, (size_t)host->answer->count);
    return outcome;
  }
  case ACCESS_SET: {
    size_t length;
    if (lua_type(L, 3) != LUA_TSTRING) return luaL_error(L, "the bytes are a string, not a %s", luaL_typename(L, 3));
    const char *bytes = lua_tolstring(L, 3, &length);
    return host->store_bytes(interpreter->machine, check_range(L, buffer, length), bytes, length);
  }
  default: {
    uint64_t address = check_range(L, buffer, (uint64_t)access), value;
    if (lua_isnoneornil(L, 3)) {
      outcome = host->load(interpreter->machine, address, access, &value);
      if (outcome == KS_REPLY) lua_pushinteger(L, (lua_Integer)value);
      *results = 1;
      return outcome;
    }
    if (!lua_isinteger(L, 3)) return luaL_error(L, "a value is an integer, not %s", ks_tostring(L, 3, NULL));
    return host->store(interpreter->machine, address, access, (uint64_t)lua_tointeger(L, 3));
  }
  }
}

static int after_handler(lua_State *L, int status, lua_KContext access);
static int go_on(lua_State *L, int status, lua_KContext access);

/* Goes on after a fault until the access is made. A loop, not a recursion: a handler may return any number of times. */
static int resolve(lua_State *L, int access, int outcome) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  for (;;) {
    int results, status;
    switch (outcome) {
    case KS_REPLY:
      lua_settop(L, 3);
      outcome = attempt(L, access, &results);
      if (outcome == KS_REPLY) return results;
      continue;
    case KS_HANDLER:
      ks_push_handler(L, interpreter->host->answer);
      status = lua_pcallk(L, 2, 0, 0, access, after_handler);
      if (status != LUA_OK) return after_handler(L, status, access);
      outcome = interpreter->host->handler_returned(interpreter->machine, 0);
      continue;
    case KS_BLOCKED:
      interpreter->suspended = 1;
      return lua_yieldk(L, 0, access, go_on);
    default: return ks_end_task(L);
    }
  }
}

static int after_handler(lua_State *L, int status, lua_KContext access) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  if (status != LUA_OK && status != LUA_YIELD) {
    interpreter->host->handler_returned(interpreter->machine, 1);
    ks_caught(L, status);
    return lua_error(L);
  }
  return resolve(L, (int)access, interpreter->host->handler_returned(interpreter->machine, 0));
}

static int go_on(lua_State *L, int status, lua_KContext access) {
  (void)status;
  ks_interpreter *interpreter = ks_interpreter_of(L);
  return resolve(L, (int)access, interpreter->host->result(interpreter->machine));
}

static int make(lua_State *L, int access) {
  int results, outcome = attempt(L, access, &results);
  if (outcome == KS_REPLY) return results;
  luaL_checkstack(L, 10, NULL);
  lua_settop(L, 3);
  return resolve(L, access, outcome);
}

static int u8(lua_State *L) { return make(L, ACCESS_U8); }
static int u16(lua_State *L) { return make(L, ACCESS_U16); }
static int u32(lua_State *L) { return make(L, ACCESS_U32); }
static int u64(lua_State *L) { return make(L, ACCESS_U64); }
static int string(lua_State *L) { return make(L, ACCESS_STRING); }
static int set(lua_State *L) { return make(L, ACCESS_SET); }

/* buffer.key. Upvalues: the methods by name, and the prelude's function for every other key. */
static int index_buffer(lua_State *L) {
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) return 1;
  lua_settop(L, 3);
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_replace(L, 3);
  lua_pushvalue(L, 1);
  lua_pushvalue(L, 2);
  lua_call(L, 2, 1);
  return 1;
}

/* core.buffer(address, count) -> buffer */
static int buffer(lua_State *L) {
  ks_buffer *made = lua_newuserdatauv(L, sizeof *made, 1);
  made->mark = &buffer_mark;
  made->address = (uint64_t)luaL_checkinteger(L, 1);
  made->count = (uint64_t)luaL_checkinteger(L, 2);
  luaL_setmetatable(L, "ks.buffer");
  return 1;
}

/* core.buffer_parts(value) -> address, count; nothing for other values */
static int buffer_parts(lua_State *L) {
  ks_buffer *found = ks_to_buffer(L, 1);
  if (!found) return 0;
  lua_pushinteger(L, (lua_Integer)found->address);
  lua_pushinteger(L, (lua_Integer)found->count);
  return 2;
}

/* core.set_buffer_methods(metatable, methods): adds the methods above to the table of the prelude's own ones. */
static int set_buffer_methods(lua_State *L) {
  static const luaL_Reg accesses[] = {
    {"u8", u8}, {"u16", u16}, {"u32", u32}, {"u64", u64}, {"string", string}, {"set", set}, {NULL, NULL}};
  luaL_newlib(L, accesses);
  ks_register_functions(L, "buffer", lua_gettop(L));
  for (const luaL_Reg *access = accesses; access->name; access++) {
    lua_getfield(L, 3, access->name);
    lua_setfield(L, 2, access->name);
  }
  luaL_newmetatable(L, "ks.buffer");
  lua_pushnil(L);
  while (lua_next(L, 1)) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_settable(L, 4);
  }
  lua_pushvalue(L, 2);
  lua_getfield(L, 4, "__index");
  lua_pushcclosure(L, index_buffer, 2);
  lua_setfield(L, 4, "__index");
  return 0;
}

void ks_open_memory(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"buffer", buffer}, {"buffer_parts", buffer_parts}, {"set_buffer_methods", set_buffer_methods}, {NULL, NULL}};
  luaL_setfuncs(L, functions, 0);
}
