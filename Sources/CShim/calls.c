/* System calls from Lua: arguments in, results out, waits and signal handlers in between. Manual: sections 4.5 and 4.6.
 *
 * The arguments of a call stay on its Lua stack while it waits, so that they can be described when it fails in the end.
 */
#include "calls.h"
#include <lauxlib.h>
#include <string.h>

#define KS_CONVERT "ks.convert"   /* function(index, position, value, level) -> integer, string, buffer or nil */
#define KS_DECODE "ks.decode"     /* function(index, bytes, words ...) -> results */
#define KS_RAISE "ks.raise"       /* function(where, name, head length, message, errno, extra): raises */
#define KS_THREADS "ks.threads"   /* keeps the coroutines of tasks */

static int is_must(lua_State *L) { return lua_toboolean(L, lua_upvalueindex(2)); }

/* Whether the idle task of a driven kernel makes the call: then as_init() stands between the script and the call. */
static int is_by_init(lua_State *L) { return !lua_isnoneornil(L, lua_upvalueindex(3)); }

/* The script's line, as luaL_where. */
static void push_where(lua_State *L) { luaL_where(L, is_by_init(L) ? 2 : 1); }

/* Has the prelude turn the value at `index` into something the kernel takes; errors come from there, at the script's line. */
static void convert(lua_State *L, const ks_function *function, int position, int index) {
  lua_getfield(L, LUA_REGISTRYINDEX, KS_CONVERT);
  lua_pushinteger(L, function->index);
  lua_pushinteger(L, position + 1);
  lua_pushvalue(L, index);
  lua_pushinteger(L, is_by_init(L) ? 4 : 3); /* the level of the script */
  lua_call(L, 4, 1);
  lua_replace(L, index);
}

static int missing(lua_State *L, const ks_function *function) {
  int given = lua_gettop(L);
  lua_getfield(L, LUA_REGISTRYINDEX, KS_CONVERT);
  lua_pushinteger(L, function->index);
  lua_pushinteger(L, 0);
  lua_pushinteger(L, given);
  lua_pushinteger(L, is_by_init(L) ? 4 : 3);
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
    if (!is_integer) luaL_error(L, "bad argument #%d to '%s' (count expected, got %s)", index + 1, function->name, luaL_typename(L, index + 1));
  }
}

/* The digest of calls, as Digest.mix and ByteView.digest in LinuxKernel: the same on every machine. */
static const uint64_t first_key = 0x9E3779B97F4A7C15u, second_key = 0xD6E8FEB86659FD93u;

static inline uint64_t fold(uint64_t a, uint64_t b) {
  unsigned __int128 product = (unsigned __int128)a * b;
  return (uint64_t)(product >> 64) ^ (uint64_t)product;
}

static inline uint64_t mix(uint64_t value) { return fold(value ^ first_key, second_key); }

static inline uint64_t digest_bytes(uint64_t seed, const void *bytes, size_t length) {
  const unsigned char *at = bytes;
  uint64_t sum = length, low = 0, high = 0, words[2];
  size_t offset = 0;
  for (; offset + 16 <= length; offset += 16) {
    memcpy(words, at + offset, 16);
    sum += fold(words[0] ^ (first_key + offset), words[1] ^ second_key);
  }
  if (length - offset <= 8) {
    for (; offset < length; offset++) high = high << 8 | at[offset];
  }
  for (; offset < length; offset++) {
    low = low << 8 | high >> 56;
    high = high << 8 | at[offset];
  }
  return mix(seed ^ sum ^ fold(low ^ first_key, high ^ second_key));
}

uint64_t ks_digest(uint64_t seed, const void *bytes, size_t length) { return digest_bytes(seed, bytes, length); }

/* Room for the rows of a list that is packed here; a longer one goes by way of the prelude. */
enum { ROWS_SIZE = 124 };

/* Packs a list of rows of plain integers, {{0, -1}, {1, 1}}, and returns how many bytes that takes; -1 for anything else: names,
 * flags as text, mistakes. That is the prelude's, which would take ten times as long for these. */
static int pack_rows(lua_State *L, int index, const char *fields, unsigned char *to) {
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
      if (used + 4 > ROWS_SIZE) goto other;
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

/* One row of six bytes, such as an operation on a semaphore, fits into a pointer: no value of a script's is one. */
enum { SHORT_ROW = 6 };

/* A call that waits may not see what the script does to its table meanwhile: the bytes take the table's place. */
static void keep_rows(lua_State *L, const ks_function *function, const ks_argument *arguments) {
  for (int position = 0; position < function->count; position++) {
    if (function->kinds[position] != 'l' || lua_type(L, position + 1) != LUA_TTABLE) continue;
    const ks_argument *argument = &arguments[position];
    if (argument->count == SHORT_ROW) {
      uintptr_t word = 0;
      memcpy(&word, argument->bytes, SHORT_ROW);
      lua_pushlightuserdata(L, (void *)word);
    } else {
      lua_pushlstring(L, argument->bytes, (size_t)argument->count);
    }
    lua_replace(L, position + 1);
  }
}

/* Returns a digest of the arguments. Kinds: i integer, fd, flags, mode and other words; a address; s path or name; w bytes to take; d room for bytes; t a structure
 * or list, which the prelude packs; l a list of rows, packed into `rows` if they are plain; v an integer, or names or a structure, which the prelude turns into words or bytes; f function. With w and d a count may follow an address or a buffer: it is there when more
 * arguments came than there are parameters. `is_again`: the values were converted when the call was first made. */
static __attribute__((noinline)) uint64_t decode(lua_State *L, const ks_function *function, ks_argument *arguments, unsigned char *rows, int is_again) {
  int given = lua_gettop(L);
  uint64_t digest = function->number;
  int extra = given - function->count;
  int index = 1;
  for (int position = 0; position < function->count; position++, index++) {
    ks_argument *argument = &arguments[position];
    char kind = function->kinds[position];
    int type = lua_type(L, index), is_converted = is_again;
    argument->bytes = NULL;
    argument->count = 0;
    if (type <= LUA_TNIL) {
      if (position < function->required) missing(L, function);
      argument->form = function->forms[position];
      argument->word = function->defaults[position];
      digest = mix(digest ^ (uint64_t)argument->word);
      continue;
    }
  again:
    switch (kind) {
    case 'i': {
      int is_integer = 0;
      if (type == LUA_TNUMBER) argument->word = lua_tointegerx(L, index, &is_integer);
      if (!is_integer) break;
      argument->form = KS_WORD;
      goto decoded;
    }
    case 'a':
      if (type == LUA_TUSERDATA && ks_to_buffer(L, index)) {
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
        if (type == LUA_TUSERDATA && ks_to_buffer(L, index)) { take_memory(L, function, argument, index, 0); argument->count = -1; goto decoded; }
        if (type == LUA_TNUMBER && lua_isinteger(L, index)) { take_memory(L, function, argument, index, 0); goto decoded; }
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
      if ((type == LUA_TUSERDATA && ks_to_buffer(L, index)) || (type == LUA_TNUMBER && has_count && lua_isinteger(L, index))) {
        take_memory(L, function, argument, index, has_count);
        if (has_count) { extra--; index++; }
        goto decoded;
      }
      break;
    }
    case 'l': {
      int length = type == LUA_TTABLE ? pack_rows(L, index, function->rows, rows) : -1;
      if (type == LUA_TLIGHTUSERDATA && is_again) {
        uintptr_t word = (uintptr_t)lua_touserdata(L, index);
        length = SHORT_ROW;
        memcpy(rows, &word, SHORT_ROW);
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
      if (type == LUA_TUSERDATA && ks_to_buffer(L, index)) { take_memory(L, function, argument, index, 0); goto decoded; }
      if (!is_converted) break;
      if (type == LUA_TSTRING) goto bytes;
      if (type == LUA_TNUMBER) { take_memory(L, function, argument, index, 0); goto decoded; }
      if (type == LUA_TNIL) { argument->form = KS_ABSENT; argument->word = 0; goto decoded; }
      break;
    case 'v':
      if (type == LUA_TUSERDATA && ks_to_buffer(L, index)) { take_memory(L, function, argument, index, 0); goto decoded; }
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

static inline __attribute__((always_inline)) int take_integer(lua_State *L, int index, ks_argument *argument, uint64_t *digest) {
  if (!lua_isinteger(L, index)) return 0;
  argument->word = lua_tointegerx(L, index, NULL);
  argument->form = KS_WORD;
  argument->bytes = NULL;
  argument->count = 0;
  *digest = mix(*digest ^ (uint64_t)argument->word);
  return 1;
}

static inline __attribute__((always_inline)) int take_string(lua_State *L, int index, ks_argument *argument, uint64_t *digest) {
  size_t length;
  if (lua_type(L, index) != LUA_TSTRING) return 0;
  argument->bytes = lua_tolstring(L, index, &length);
  argument->count = (int64_t)length;
  argument->form = KS_BYTES;
  argument->word = 0;
  *digest = mix(digest_bytes(*digest, argument->bytes, length) ^ (uint64_t)length << 1);
  return 1;
}

/* As decode(), for what most calls come with: integers, strings to be written, numbers of bytes to be read. Returns 0, and
 * the work is decode()'s, for anything else. */
static inline __attribute__((always_inline)) int decode_plain(lua_State *L, const ks_function *function, ks_argument *arguments, uint64_t *digest) {
  int count = function->count;
  *digest = function->number;
  if (lua_gettop(L) != count) return 0;
  switch (function->signature) {
  case KS_TAKES_NOTHING: return 1;
  case KS_TAKES_INTEGERS:
    for (int index = 0; index < count; index++) if (!take_integer(L, index + 1, &arguments[index], digest)) return 0;
    return 1;
  case KS_TAKES_INTEGER_AND_STRING: return take_integer(L, 1, arguments, digest) && take_string(L, 2, arguments + 1, digest);
  default: return 0;
  }
}

/* The same where integers and strings mix, or where some at the end are left out. */
static __attribute__((noinline)) int decode_mixed(lua_State *L, const ks_function *function, ks_argument *arguments, uint64_t *digest) {
  int given = lua_gettop(L), count = function->count;
  *digest = function->number;
  if (given > count || given < function->required) return 0;
  for (int position = 0; position < given; position++) {
    switch (function->kinds[position]) {
    case 'i':
    case 'd':
      if (!take_integer(L, position + 1, &arguments[position], digest)) return 0;
      break;
    case 'w':
    case 's':
      if (!take_string(L, position + 1, &arguments[position], digest)) return 0;
      break;
    default: return 0;
    }
  }
  for (int position = given; position < count; position++) {
    ks_argument *argument = &arguments[position];
    argument->bytes = NULL;
    argument->count = 0;
    argument->form = function->forms[position];
    argument->word = function->defaults[position];
    *digest = mix(*digest ^ (uint64_t)argument->word);
  }
  return 1;
}

/* The same for an integer and a list of rows. */
static int decode_rows(lua_State *L, const ks_function *function, ks_argument *arguments, unsigned char *rows, uint64_t *digest) {
  *digest = function->number;
  if (lua_gettop(L) != 2 || !take_integer(L, 1, arguments, digest) || lua_type(L, 2) != LUA_TTABLE) return 0;
  int length = pack_rows(L, 2, function->rows, rows);
  if (length < 0) return 0;
  arguments[1].word = 0;
  arguments[1].bytes = rows;
  arguments[1].count = length;
  arguments[1].form = KS_BYTES;
  *digest = mix(digest_bytes(*digest, rows, (size_t)length) ^ (uint64_t)length << 1);
  return 1;
}

/* Which of the above a call is. */
static int signature_of(const ks_function *function) {
  size_t length = strlen(function->kinds);
  if (length == 0) return KS_TAKES_NOTHING;
  if (strspn(function->kinds, "id") == length) return KS_TAKES_INTEGERS;
  if (!strcmp(function->kinds, "iw") || !strcmp(function->kinds, "is")) return KS_TAKES_INTEGER_AND_STRING;
  if (!strcmp(function->kinds, "il")) return KS_TAKES_INTEGER_AND_ROWS;
  return KS_TAKES_OTHERS;
}

/* The answer of a failed call: nil, message, errno and what accompanies it; or an error object, raised. */
static __attribute__((noinline)) int push_failure(lua_State *L, const ks_function *function, const ks_answer *answer) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  ks_argument arguments[KS_MAX_ARGUMENTS];
  unsigned char rows[ROWS_SIZE];
  char extra[64]; /* kept, since describing the call reuses the answer's bytes */
  size_t extra_length = answer->has_extra ? (size_t)answer->count : 0;
  int error = answer->error;
  if (extra_length > sizeof extra) extra_length = 0;
  memcpy(extra, answer->bytes ? answer->bytes : "", extra_length);
  luaL_checkstack(L, 12, NULL);
  decode(L, function, arguments, rows, 1);
  interpreter->host->describe(interpreter->machine, function->index, arguments, error);
  if (is_must(L)) {
    lua_getfield(L, LUA_REGISTRYINDEX, KS_RAISE);
    push_where(L);
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
  if (!is_must(L)) return extra_length ? 4 : 3;
  lua_call(L, extra_length ? 6 : 5, 0);
  return 0;
}

static inline int push_transfer(lua_State *L, const ks_answer *answer) {
  if (answer->has_bytes) lua_pushlstring(L, answer->bytes, (size_t)answer->count);
  else lua_pushinteger(L, answer->words[0]);
  return 1;
}

/* A transfer's bytes beside an integer: behind it, or (q) in front of it. */
static __attribute__((noinline)) int push_pair(lua_State *L, const ks_function *function, const ks_answer *answer) {
  if (function->shape == 'r') lua_pushinteger(L, answer->words[0]);
  lua_pushlstring(L, answer->bytes, (size_t)answer->count);
  if (function->shape == 'q') lua_pushinteger(L, answer->words[1]);
  return 2;
}

/* Shapes: i integer, p two integers, t a transfer, q a transfer and an integer, r the other way round, s bytes, v nothing, m an integer unless there are bytes, x anything else (the prelude makes it). */
static __attribute__((noinline)) int push_reply(lua_State *L, const ks_function *function) {
  const ks_answer *answer = ks_interpreter_of(L)->host->answer;
  if (answer->error) return push_failure(L, function, answer);
  switch (function->shape) {
  case 'i': lua_pushinteger(L, answer->words[0]); return 1;
  case 't': return push_transfer(L, answer);
  case 's': lua_pushlstring(L, answer->bytes, (size_t)answer->count); return 1;
  case 'p':
    lua_pushinteger(L, answer->words[0]);
    lua_pushinteger(L, answer->words[1]);
    return 2;
  case 'q':
  case 'r':
    if (answer->has_bytes) return push_pair(L, function, answer);
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

static int go_on(lua_State *L, int status, lua_KContext context);
static int deliver(lua_State *L, const ks_function *function, int outcome);
static int wait_for_turn(lua_State *L, const ks_function *function);
static int after_handler(lua_State *L, int status, lua_KContext context);

int ks_end_task(lua_State *L) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  /* It is never resumed again. */
  interpreter->suspended = 1;
  if (lua_isyieldable(L)) return lua_yield(L, 0);
  interpreter->suspended = 0;
  interpreter->unwinding = KS_UNWIND_TASK_ENDED;
  return luaL_error(L, "the task has ended");
}

/* Acts on what a call returned: at once for the answers that most calls have. */
static inline __attribute__((always_inline)) int finish(lua_State *L, const ks_function *function, ks_result result) {
  const ks_answer *answer = ks_interpreter_of(L)->host->answer;
  if (result.outcome == KS_NUMBER && (function->shape == 'i' || function->shape == 't')) {
    lua_pushinteger(L, result.word);
    return 1;
  }
  if (result.outcome == KS_REPLY && !answer->error) {
    if (function->shape == 't') return push_transfer(L, answer);
    if (answer->has_bytes && (function->shape == 'q' || function->shape == 'r')) return push_pair(L, function, answer);
  }
  if (result.outcome == KS_BLOCKED) return wait_for_turn(L, function);
  return deliver(L, function, (int)result.outcome);
}

/* The task waits. Instead of yielding to the machine at once, it resumes whoever goes on next, for as long as nothing but waits
 * happens; when it is its own turn again, its call simply returns. Only one task at a time does so: those that it resumes
 * yield to it. */
static __attribute__((noinline)) int wait_for_turn(lua_State *L, const ks_function *function) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  void *machine = interpreter->machine;
  if (!interpreter->passes_turn && ks_is_task(L)) {
    ks_result result;
    lua_State *thread;
    interpreter->passes_turn = 1;
    while ((thread = interpreter->host->next_turn(machine, L, &result)) && thread != L) {
      int status = ks_pass_turn(thread);
      if (status == KS_SUSPENDED && !interpreter->unwinding) continue;
      interpreter->host->came_back(machine, thread, status);
      thread = NULL;
      break;
    }
    interpreter->passes_turn = 0;
    if (thread) return finish(L, function, result);
  }
  interpreter->suspended = 1;
  return lua_yieldk(L, 0, (lua_KContext)function, go_on);
}

/* Acts on how the call goes on. */
static __attribute__((noinline)) int deliver(lua_State *L, const ks_function *function, int outcome) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  switch (outcome) {
  case KS_NUMBER: interpreter->host->answer_in_full(interpreter->machine); /* fall through */
  case KS_REPLY:
    if (interpreter->host->answer->has_bytes && function->shape != 't') interpreter->host->answer_words(interpreter->machine);
    return push_reply(L, function);
  case KS_BLOCKED: return wait_for_turn(L, function);
  case KS_HANDLER: {
    ks_push_handler(L, interpreter->host->answer);
    return after_handler(L, lua_pcallk(L, 2, 0, 0, (lua_KContext)function, after_handler), (lua_KContext)function);
  }
  case KS_CANNOT_SLEEP:
    if (is_by_init(L)) {
      push_where(L);
      lua_pushfstring(L, "%s would wait, which the idle task 1 of a driven kernel cannot: have a spawned task make "
                         "the call", function->name);
      lua_concat(L, 2);
      return lua_error(L);
    }
    return luaL_error(L, "%s would wait here, inside a callback that cannot be suspended (table.sort, string.gsub, a "
                         "metamethod called from C): make the call outside it", function->name);
  default: return ks_end_task(L);
  }
}

static int after_handler(lua_State *L, int status, lua_KContext context) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  if (status != LUA_OK && status != LUA_YIELD) {
    /* An error leaves the handler and the call below it, as siglongjmp would. */
    interpreter->host->handler_returned(interpreter->machine, 1);
    ks_caught(L, status);
    return lua_error(L);
  }
  return deliver(L, (const ks_function *)context, interpreter->host->handler_returned(interpreter->machine, 0));
}

static int go_on(lua_State *L, int status, lua_KContext context) {
  (void)status;
  ks_interpreter *interpreter = ks_interpreter_of(L);
  return finish(L, (const ks_function *)context, interpreter->host->call_result(interpreter->machine));
}

/* A system call, whatever it is given. */
static __attribute__((noinline)) int call_with_any(lua_State *L, const ks_function *function) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  ks_argument arguments[KS_MAX_ARGUMENTS];
  unsigned char rows[ROWS_SIZE];
  uint64_t digest;
  int is_decoded = function->signature == KS_TAKES_INTEGER_AND_ROWS
    ? decode_rows(L, function, arguments, rows, &digest) : decode_mixed(L, function, arguments, &digest);
  if (!is_decoded) digest = decode(L, function, arguments, rows, 0);
  ks_result result = interpreter->host->call(interpreter->machine, function->index, arguments, digest, ks_can_suspend(L));
  if (function->rows[0] && result.outcome != KS_REPLY && result.outcome != KS_NUMBER) keep_rows(L, function, arguments);
  return finish(L, function, result);
}

/* A system call. Upvalues: its ks_function, and whether failures are raised. */
static int call(lua_State *L, const ks_function *function) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  ks_argument arguments[KS_MAX_ARGUMENTS];
  uint64_t digest;
  if (!decode_plain(L, function, arguments, &digest)) return call_with_any(L, function);
  return finish(
    L, function,
    interpreter->host->call(interpreter->machine, function->index, arguments, digest, ks_can_suspend(L)));
}

/* Each call has a C function of its own, by its index in octal, since to ask Lua for an upvalue takes longer than many a call. */
#define CALL(digits) \
  static int call_##digits(lua_State *L) { return call(L, ks_interpreter_of(L)->functions[0##digits]); }
#define EIGHT(of, digits) \
  of(digits##0) of(digits##1) of(digits##2) of(digits##3) of(digits##4) of(digits##5) of(digits##6) of(digits##7)
#define CALLS(digits) EIGHT(CALL, digits)
#define CALLS_64(digit) \
  CALLS(digit##0) CALLS(digit##1) CALLS(digit##2) CALLS(digit##3) CALLS(digit##4) CALLS(digit##5) CALLS(digit##6) CALLS(digit##7)
CALLS_64(0) CALLS_64(1) CALLS_64(2) CALLS_64(3) CALLS_64(4) CALLS_64(5) CALLS_64(6) CALLS_64(7)

#define NAME(digits) call_##digits,
#define NAMES(digits) EIGHT(NAME, digits)
#define NAMES_64(digit) \
  NAMES(digit##0) NAMES(digit##1) NAMES(digit##2) NAMES(digit##3) NAMES(digit##4) NAMES(digit##5) NAMES(digit##6) NAMES(digit##7)
static const lua_CFunction callers[KS_MAX_FUNCTIONS] = {
  NAMES_64(0) NAMES_64(1) NAMES_64(2) NAMES_64(3) NAMES_64(4) NAMES_64(5) NAMES_64(6) NAMES_64(7)};

/* A call that takes a function: a coroutine for the new task is made first, since that can fail. */
static int call_with_function(lua_State *L) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  const ks_function *function = lua_touserdata(L, lua_upvalueindex(1));
  ks_argument arguments[KS_MAX_ARGUMENTS];
  int position = (int)(strchr(function->kinds, 'f') - function->kinds);
  unsigned char rows[ROWS_SIZE];
  uint64_t digest = decode(L, function, arguments, rows, 0);
  lua_pushvalue(L, position + 1);
  lua_State *thread = ks_new_task(L, lua_gettop(L));
  int outcome = (int)interpreter->host->call_spawning(
    interpreter->machine, function->index, arguments, digest, ks_can_suspend(L), thread).outcome;
  if (outcome == KS_REPLY && interpreter->host->answer->error) ks_release_task(L, thread);
  return deliver(L, function, outcome);
}

/* core.bind(name, must) -> function, or nil */
int ks_bind(lua_State *L) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  size_t length;
  const char *name = luaL_checklstring(L, 1, &length);
  lua_settop(L, 2);
  /* The closure knows it by its address alone, so the registry has to keep it, and for good. */
  const char *key = lua_pushfstring(L, "ks.function %s", name);
  if (lua_getfield(L, LUA_REGISTRYINDEX, key) != LUA_TUSERDATA) {
    lua_pop(L, 1);
    ks_function *made = lua_newuserdatauv(L, sizeof *made, 0);
    memset(made, 0, sizeof *made);
    if (!interpreter->host->find(interpreter->machine, name, length, made)) return 0;
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, key);
  }
  ks_function *function = lua_touserdata(L, -1);
  lua_pushlightuserdata(L, function);
  lua_pushboolean(L, lua_toboolean(L, 2));
  function->signature = (char)signature_of(function);
  if (function->index >= KS_MAX_FUNCTIONS) return luaL_error(L, "more calls than KS_MAX_FUNCTIONS");
  interpreter->functions[function->index] = function;
  lua_pushcclosure(L, strchr(function->kinds, 'f') ? call_with_function : callers[function->index], 2);
  return 1;
}

static const ks_function settle_function = {.name = "settle", .shape = 'v'};

/* core.settle() */
static int settle(lua_State *L) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  if (!ks_can_suspend(L)) return deliver(L, &settle_function, KS_CANNOT_SLEEP);
  return deliver(L, &settle_function, interpreter->host->settle(interpreter->machine));
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
  case 'b': return deliver(L, &run_function, KS_BLOCKED);
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
    {"bind", ks_bind}, {"settle", settle}, {"query", query}, {"set", set_registry}, {"new_task", new_task}, {"tostring", core_tostring},
    {NULL, NULL}};
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
