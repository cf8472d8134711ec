/* The arguments of a call that are not of the simple forms in arguments.h. */
#include "arguments.h"
#include "replies.h"
#include <lauxlib.h>
#include <string.h>

uint64_t ks_digest(uint64_t seed, const void *bytes, size_t length) { return digest_bytes(seed, bytes, length); }

/* Has the prelude turn the value at `index` into something the kernel takes; errors come from there, at the script's
 * line. */
static void convert(lua_State *L, const ks_function *function, int position, int index) {
  lua_getfield(L, LUA_REGISTRYINDEX, KS_CONVERT);
  lua_pushinteger(L, function->index);
  lua_pushinteger(L, position + 1);
  lua_pushvalue(L, index);
  lua_pushinteger(L, ks_is_by_init(L) ? 4 : 3); /* the level of the script */
  lua_call(L, 4, 1);
  lua_replace(L, index);
}

static int missing(lua_State *L, const ks_function *function) {
  int given = lua_gettop(L);
  lua_getfield(L, LUA_REGISTRYINDEX, KS_CONVERT);
  lua_pushinteger(L, function->index);
  lua_pushinteger(L, 0);
  lua_pushinteger(L, given);
  lua_pushinteger(L, ks_is_by_init(L) ? 4 : 3);
  lua_call(L, 4, 0);
  return 0;
}

static void take_memory(lua_State *L, const ks_function *function, ks_argument *argument, int index, int has_count) {
  ks_buffer *buffer = ks_to_buffer(L, index);
  argument->form = KS_MEMORY;
  argument->word = buffer ? (int64_t)buffer->address : lua_tointeger(L, index);
  argument->count = buffer ? (int64_t)buffer->count : -1;
  if (has_count) {
    int is_integer;
    argument->count = lua_tointegerx(L, index + 1, &is_integer);
    if (!is_integer) {
      luaL_error(L, "bad argument #%d to '%s' (count expected, got %s)", index + 1, function->name,
                 luaL_typename(L, index + 1));
    }
  }
}

/* Names, flags as text and mistakes are left to the prelude, which would take ten times as long for plain rows. */
int ks_pack_rows(lua_State *L, int index, const char *fields, unsigned char *to) {
  int used = 0, row_index = lua_gettop(L) + 1;
  lua_Unsigned rows = lua_rawlen(L, index);
  if (rows == 0) return -1;
  for (lua_Unsigned row = 1; row <= rows; row++) {
    if (lua_rawgeti(L, index, (lua_Integer)row) != LUA_TTABLE) goto other;
    lua_Unsigned given = lua_rawlen(L, row_index), place = 0;
    if (given == 0) goto other;
    /* Fields that are missing at the end of the row are 0. */
    for (const char *field = fields; *field; field++) {
      lua_Integer value = 0;
      if (place < given) {
        int is_integer;
        if (lua_rawgeti(L, row_index, (lua_Integer)++place) != LUA_TNUMBER) goto other;
        value = lua_tointegerx(L, -1, &is_integer);
        if (!is_integer) goto other;
      }
      if (used + 4 > KS_ROWS_SIZE) goto other;
      /* The bit pattern may be written signed or unsigned. */
      switch (*field) {
      case 'h':
      case 'H': {
        int16_t half = (int16_t)value;
        if (value < INT16_MIN || value > UINT16_MAX) goto other;
        memcpy(to + used, &half, 2);
        used += 2;
        break;
      }
      case 'i':
      case 'I': {
        int32_t word = (int32_t)value;
        if (value < INT32_MIN || value > UINT32_MAX) goto other;
        memcpy(to + used, &word, 4);
        used += 4;
        break;
      }
      default:
        if (value < INT8_MIN || value > UINT8_MAX) goto other;
        to[used++] = (unsigned char)value;
      }
    }
    /* Nothing may follow: neither more values nor names. */
    if (place < given) goto other;
    lua_pushinteger(L, (lua_Integer)given);
    if (lua_next(L, row_index)) goto other;
    lua_settop(L, row_index - 1);
  }
  return used;
other:
  lua_settop(L, row_index - 1);
  return -1;
}

/* A call that waits may not see what the script does to its table meanwhile: the bytes take the table's place. One
 * short row fits into a pointer: no value of a script's is one. */
void ks_keep_rows(lua_State *L, const ks_function *function, const ks_argument *arguments) {
  for (int position = 0; position < function->count; position++) {
    if (function->kinds[position] != 'l' || lua_type(L, position + 1) != LUA_TTABLE) continue;
    const ks_argument *argument = &arguments[position];
    if (argument->count == KS_SHORT_ROW) {
      uintptr_t word = 0;
      memcpy(&word, argument->bytes, KS_SHORT_ROW);
      lua_pushlightuserdata(L, (void *)word);
    } else {
      lua_pushlstring(L, argument->bytes, (size_t)argument->count);
    }
    lua_replace(L, position + 1);
  }
}

/* Kinds: i integer, fd, flags, mode and other words; a address; s path or name; w bytes to take; d room for bytes; t a
 * structure or list, which the prelude packs; l a list of rows, packed into `rows` if they are plain; v an integer, or
 * names or a structure, which the prelude turns into words or bytes; f function. With w and d a count may follow an
 * address or a buffer: it is there when more arguments came than there are parameters. */
uint64_t ks_take_any(
    lua_State *L, const ks_function *function, ks_argument *arguments, unsigned char *rows, int is_again) {
  int given = lua_gettop(L);
  uint64_t digest = function->number;
  int extra = given - function->count;
  int index = 1;
  for (int position = 0; position < function->count; position++, index++) {
    ks_argument *argument = &arguments[position];
    char kind = function->kinds[position];
    int type = lua_type(L, index), is_converted = is_again;
    if (type <= LUA_TNIL) {
      if (position < function->required) missing(L, function);
      omit(function, position, arguments, &digest);
      continue;
    }
    argument->bytes = NULL;
    argument->count = 0;
  again:;
    int is_buffer = type == LUA_TUSERDATA && ks_to_buffer(L, index);
    switch (kind) {
    case 'i': {
      int is_integer = 0;
      if (type == LUA_TNUMBER) argument->word = lua_tointegerx(L, index, &is_integer);
      if (!is_integer) break;
      argument->form = KS_WORD;
      goto decoded;
    }
    case 'a':
      if (is_buffer) {
        argument->word = (int64_t)ks_to_buffer(L, index)->address;
        argument->form = KS_WORD;
        goto decoded;
      }
      if (type != LUA_TNUMBER || !lua_isinteger(L, index)) break;
      argument->word = lua_tointeger(L, index);
      argument->form = KS_WORD;
      goto decoded;
    case 's':
      if (type != LUA_TSTRING) {
        if (is_buffer) {
          take_memory(L, function, argument, index, 0);
          argument->count = -1;
          goto decoded;
        }
        if (type == LUA_TNUMBER && lua_isinteger(L, index)) goto memory;
        break;
      }
      goto bytes;
    case 'w':
    case 'd': {
      int has_count = extra > 0;
      if (type == LUA_TSTRING && kind == 'w' && !has_count) goto bytes;
      if (type == LUA_TNUMBER && kind == 'd' && !has_count && lua_isinteger(L, index)) {
        argument->word = lua_tointeger(L, index);
        argument->form = KS_WORD;
        goto decoded;
      }
      if (is_buffer || (type == LUA_TNUMBER && has_count && lua_isinteger(L, index))) {
        take_memory(L, function, argument, index, has_count);
        if (has_count) { extra--; index++; }
        goto decoded;
      }
      break;
    }
    case 'l': {
      int length = type == LUA_TTABLE ? ks_pack_rows(L, index, function->rows, rows) : -1;
      if (type == LUA_TLIGHTUSERDATA && is_again) {
        uintptr_t word = (uintptr_t)lua_touserdata(L, index);
        length = KS_SHORT_ROW;
        memcpy(rows, &word, KS_SHORT_ROW);
      }
      if (length >= 0) {
        argument->bytes = rows;
        argument->count = length;
        argument->form = KS_BYTES;
        argument->word = 0;
        digest = digest_bytes(digest, rows, (size_t)length);
        goto decoded;
      }
    }
    /* fall through */
    case 't':
      if (is_buffer) goto memory;
      if (!is_converted) break;
      if (type == LUA_TSTRING) goto bytes;
      if (type == LUA_TNUMBER) goto memory;
      if (type == LUA_TNIL) { argument->form = KS_ABSENT; argument->word = 0; goto decoded; }
      break;
    case 'v':
      if (is_buffer) goto memory;
      if (type == LUA_TNUMBER && lua_isinteger(L, index)) {
        argument->word = lua_tointeger(L, index);
        argument->form = KS_WORD;
        goto decoded;
      }
      if (is_converted && type == LUA_TSTRING) goto bytes;
      break;
    case 'f':
      if (type != LUA_TFUNCTION && type != LUA_TLIGHTUSERDATA) break;
      argument->form = KS_WORD;
      argument->word = 0;
      goto decoded;
    }
    if (is_converted) luaL_error(L, "bad argument #%d to '%s' (%s)", index, function->name, luaL_typename(L, index));
    convert(L, function, position, index);
    type = lua_type(L, index);
    is_converted = 1;
    goto again;
  memory:
    take_memory(L, function, argument, index, 0);
    goto decoded;
  bytes: {
      size_t length;
      argument->bytes = lua_tolstring(L, index, &length);
      argument->count = (int64_t)length;
      argument->form = KS_BYTES;
      argument->word = 0;
      digest = digest_bytes(digest, argument->bytes, length);
    }
  decoded:
    digest = mix(digest ^ (uint64_t)argument->word ^ (uint64_t)argument->count << 1);
  }
  if (extra > 0) missing(L, function);
  return digest;
}

/* A bit for each argument that is a string. */
unsigned ks_strings_of(const ks_function *function) {
  unsigned strings = 0;
  for (int position = 0; position < function->count; position++)
    if (strchr("ws", function->kinds[position])) strings |= 1u << position;
  return strings;
}

int ks_signature_of(const ks_function *function) {
  size_t length = strlen(function->kinds);
  if (length == 0) return KS_TAKES_NOTHING;
  if (strspn(function->kinds, "id") == length && function->required == function->count) return KS_TAKES_INTEGERS;
  if (!strcmp(function->kinds, "iw") || !strcmp(function->kinds, "is")) return KS_TAKES_INTEGER_AND_STRING;
  if (!strcmp(function->kinds, "il")) return KS_TAKES_INTEGER_AND_ROWS;
  if (strspn(function->kinds, "idws") == length) return KS_TAKES_IN_ORDER;
  return KS_TAKES_OTHERS;
}
