/* Values as text without addresses: tostring and string.format show an object's serial
 * where stock Lua shows where it lies.
 * Manual: section 6.4.1 and lua_tolstring's twin luaL_tolstring in section 5.1.
 */
#include "interpreter.h"
#include <inttypes.h>
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

static void push_pointer(lua_State *L, uint64_t serial) {
  char text[2 + 16 + 1];
  snprintf(text, sizeof text, "0x%08" PRIx64, serial);
  lua_pushstring(L, text);
}

const char *ks_tostring(lua_State *L, int index, size_t *length) {
  index = lua_absindex(L, index);
  luaL_checkstack(L, 6, NULL);
  int type = lua_type(L, index);
  int has_address = type == LUA_TTABLE || type == LUA_TFUNCTION || type == LUA_TUSERDATA || type == LUA_TTHREAD ||
                    type == LUA_TLIGHTUSERDATA;
  if (!has_address) return luaL_tolstring(L, index, length);
  if (luaL_getmetafield(L, index, "__tostring") != LUA_TNIL) {
    lua_pop(L, 1);
    return luaL_tolstring(L, index, length);
  }
  int name = luaL_getmetafield(L, index, "__name");
  if (name != LUA_TSTRING) {
    if (name != LUA_TNIL) lua_pop(L, 1);
    lua_pushstring(L, lua_typename(L, type));
  }
  lua_pushliteral(L, ": ");
  push_pointer(L, ks_serial(L, index));
  lua_concat(L, 3);
  return lua_tolstring(L, -1, length);
}

static int tostring(lua_State *L) {
  luaL_checkany(L, 1);
  ks_tostring(L, 1, NULL);
  return 1;
}

/* What %p shows: the serial; for a string, which has none, its contents decide,
 * as equal short strings are one object. */
static void push_identity(lua_State *L, int index) {
  uint64_t serial = ks_serial(L, index);
  if (lua_type(L, index) == LUA_TSTRING) {
    size_t length;
    const char *string = lua_tolstring(L, index, &length);
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)string[i]) * 16777619u;
    serial = hash;
  }
  if (serial) push_pointer(L, serial);
  else lua_pushliteral(L, "(null)");
}

/* Hands the arguments to stock string.format (upvalue 1, which uses no upvalues itself) after turning those
 * that it would show with an address into strings. It runs in this call's frame, so that its errors name the
 * right function and argument. */
static int format(lua_State *L) {
  size_t length;
  const char *form = luaL_checklstring(L, 1, &length), *end = form + length;
  int top = lua_gettop(L), argument = 1;
  char *changed = NULL; /* a copy of the format, once a %p had to become a %s */
  for (const char *at = form; (at = memchr(at, '%', (size_t)(end - at))) != NULL && ++at < end; at++) {
    if (*at == '%') continue;
    at += strspn(at, "-+ #0123456789");
    int has_precision = at < end && *at == '.';
    if (has_precision) at += 1 + strspn(at + 1, "0123456789");
    if (at >= end || ++argument > top) break; /* the stock function says what is wrong */
    if (*at == 's' && lua_type(L, argument) > LUA_TBOOLEAN && !lua_isstring(L, argument)) {
      ks_tostring(L, argument, NULL);
      lua_replace(L, argument);
    } else if (*at == 'p' && !has_precision) {
      push_identity(L, argument);
      lua_replace(L, argument);
      if (!changed) {
        changed = lua_newuserdatauv(L, length + 1, 0);
        memcpy(changed, form, length + 1);
      }
      changed[at - form] = 's';
    }
  }
  if (changed) {
    lua_pushlstring(L, changed, length);
    lua_replace(L, 1);
    lua_settop(L, top);
  }
  return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

/* Stock string.rep asks the allocator without Lua's collector in between, so garbage alone could make it fail. */
static int rep(lua_State *L) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  size_t length, separator = 0;
  luaL_checklstring(L, 1, &length);
  lua_Integer times = luaL_checkinteger(L, 2);
  luaL_optlstring(L, 3, "", &separator);
  if (interpreter->memory_limit && times > 0) {
    double needed = 2.0 * (double)times * (double)(length + separator); /* once to build it, once as the string */
    if ((double)interpreter->memory_used + needed > (double)interpreter->memory_limit) lua_gc(L, LUA_GCCOLLECT);
  }
  return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

void ks_open_strings(lua_State *L) {
  lua_pushglobaltable(L);
  lua_pushcfunction(L, tostring);
  lua_setfield(L, -2, "tostring");
  lua_getfield(L, -1, "string");
  ks_wrap(L, "format", format);
  ks_wrap(L, "rep", rep);
  lua_pop(L, 2);
}
