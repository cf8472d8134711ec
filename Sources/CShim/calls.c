/* System calls from Lua: performed, waited for, and interrupted by signal handlers. Manual: sections 4.5 and 4.6. */
#include "forms.h"
#include "replies.h"
#include "turns.h"
#include <lauxlib.h>
#include <string.h>

static int go_on(lua_State *L, int status, lua_KContext context);
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
    if (function->shape == 't') return ks_push_transfer(L, answer);
    int is_pair = function->shape == 'q' || function->shape == 'r';
    if (answer->has_bytes && is_pair) return ks_push_pair(L, function, answer);
  }
  if (result.outcome == KS_BLOCKED) return wait_for_turn(L, function);
  return ks_deliver(L, function, (int)result.outcome);
}

/* The task waits. Instead of yielding to the machine at once, it resumes whoever goes on next, for as long as nothing
 * but waits happens; when it is its own turn again, its call simply returns. Only one task at a time does so: those
 * that it resumes yield to it. */
static __attribute__((noinline)) int wait_for_turn(lua_State *L, const ks_function *function) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  void *machine = interpreter->machine;
  if (!interpreter->passes_turn && ks_is_task(L)) {
    ks_result result;
    lua_State *thread;
    interpreter->passes_turn = 1;
    while ((thread = interpreter->host->next_turn(machine, L, &result)) && thread != L) {
      int status = give_turn(thread, NULL);
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
int ks_deliver(lua_State *L, const ks_function *function, int outcome) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  switch (outcome) {
  case KS_NUMBER: interpreter->host->answer_in_full(interpreter->machine); /* fall through */
  case KS_REPLY:
    if (interpreter->host->answer->has_bytes && function->shape != 't') {
      interpreter->host->answer_words(interpreter->machine);
    }
    return ks_push_reply(L, function);
  case KS_BLOCKED: return wait_for_turn(L, function);
  case KS_HANDLER: {
    ks_push_handler(L, interpreter->host->answer);
    return after_handler(L, lua_pcallk(L, 2, 0, 0, (lua_KContext)function, after_handler), (lua_KContext)function);
  }
  case KS_CANNOT_SLEEP:
    if (ks_is_by_init(L)) {
      ks_push_where(L);
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
  return ks_deliver(L, (const ks_function *)context, interpreter->host->handler_returned(interpreter->machine, 0));
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
  unsigned char rows[KS_ROWS_SIZE];
  uint64_t digest;
  int is_decoded =
    function->signature == KS_TAKES_INTEGER_AND_ROWS && take_rows(L, function, arguments, rows, &digest);
  if (!is_decoded) digest = ks_take_any(L, function, arguments, rows, 0);
  ks_result result = interpreter->host->call(
    interpreter->machine, function->index, arguments, digest, ks_can_suspend(L));
  int is_answered = result.outcome == KS_REPLY || result.outcome == KS_NUMBER;
  if (function->rows[0] && !is_answered) ks_keep_rows(L, function, arguments);
  return finish(L, function, result);
}

/* A system call. Upvalues: its ks_function, and whether failures are raised. */
static int call(lua_State *L, const ks_function *function) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  ks_argument *arguments = interpreter->arguments;
  uint64_t digest;
  if (!take_plain(L, function, arguments, &digest)) return call_with_any(L, function);
  return finish(
    L, function,
    interpreter->host->call(interpreter->machine, function->index, arguments, digest, can_suspend(L)));
}

/* The same for those that take integers and strings. */
static int call_in_order(lua_State *L, const ks_function *function) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  ks_argument *arguments = interpreter->arguments;
  uint64_t digest;
  if (!take_in_order(L, function, arguments, &digest)) return call_with_any(L, function);
  return finish(
    L, function,
    interpreter->host->call(interpreter->machine, function->index, arguments, digest, can_suspend(L)));
}

/* The same for those that take an integer and rows. */
static int call_with_row(lua_State *L, const ks_function *function) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  ks_argument *arguments = interpreter->arguments;
  uint64_t digest = function->number;
  if (!take_short_row(L, arguments, &interpreter->short_row, &digest)) return call_with_any(L, function);
  ks_result result =
    interpreter->host->call(interpreter->machine, function->index, arguments, digest, can_suspend(L));
  if (result.outcome == KS_NUMBER && function->shape == 'i') {
    lua_pushinteger(L, result.word);
    return 1;
  }
  if (result.outcome != KS_REPLY && result.outcome != KS_NUMBER) keep_short_row(L, interpreter->short_row);
  return finish(L, function, result);
}

/* Each call has C functions of its own, by its index in octal, since to ask Lua for an upvalue takes longer than many a
 * call: one for each way to take its arguments. */
#define CALL(digits) \
  static int call_##digits(lua_State *L) { return call(L, ks_interpreter_of(L)->functions[0##digits]); } \
  static int call_in_order_##digits(lua_State *L) { \
    return call_in_order(L, ks_interpreter_of(L)->functions[0##digits]); \
  } \
  static int call_with_row_##digits(lua_State *L) { \
    return call_with_row(L, ks_interpreter_of(L)->functions[0##digits]); \
  }
#define EIGHT(of, digits) \
  of(digits##0) of(digits##1) of(digits##2) of(digits##3) of(digits##4) of(digits##5) of(digits##6) of(digits##7)
#define CALLS(digits) EIGHT(CALL, digits)
#define CALLS_64(digit) \
  CALLS(digit##0) CALLS(digit##1) CALLS(digit##2) CALLS(digit##3) \
  CALLS(digit##4) CALLS(digit##5) CALLS(digit##6) CALLS(digit##7)
CALLS_64(0) CALLS_64(1) CALLS_64(2) CALLS_64(3) CALLS_64(4) CALLS_64(5) CALLS_64(6) CALLS_64(7)

#define NAME(digits) {call_##digits, call_in_order_##digits, call_with_row_##digits},
#define NAMES(digits) EIGHT(NAME, digits)
#define NAMES_64(digit) \
  NAMES(digit##0) NAMES(digit##1) NAMES(digit##2) NAMES(digit##3) \
  NAMES(digit##4) NAMES(digit##5) NAMES(digit##6) NAMES(digit##7)
static const struct { lua_CFunction plain, in_order, with_row; } callers[KS_MAX_FUNCTIONS] = {
  NAMES_64(0) NAMES_64(1) NAMES_64(2) NAMES_64(3) NAMES_64(4) NAMES_64(5) NAMES_64(6) NAMES_64(7)};

static lua_CFunction caller_of(const ks_function *function) {
  switch (function->signature) {
  case KS_TAKES_IN_ORDER: return callers[function->index].in_order;
  case KS_TAKES_INTEGER_AND_ROWS:
    if (!strcasecmp(function->rows, "hhh")) return callers[function->index].with_row;
    /* fall through */
  default: return callers[function->index].plain;
  }
}

/* A call that takes a function: a coroutine for the new task is made first, since that can fail. */
static int call_with_function(lua_State *L) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  const ks_function *function = lua_touserdata(L, lua_upvalueindex(1));
  ks_argument arguments[KS_MAX_ARGUMENTS];
  int position = (int)(strchr(function->kinds, 'f') - function->kinds);
  unsigned char rows[KS_ROWS_SIZE];
  uint64_t digest = ks_take_any(L, function, arguments, rows, 0);
  lua_pushvalue(L, position + 1);
  lua_State *thread = ks_new_task(L, lua_gettop(L));
  int outcome = (int)interpreter->host->call_spawning(
    interpreter->machine, function->index, arguments, digest, ks_can_suspend(L), thread).outcome;
  if (outcome == KS_REPLY && interpreter->host->answer->error) ks_release_task(L, thread);
  return ks_deliver(L, function, outcome);
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
  function->signature = (char)(interpreter->knows_slots ? ks_signature_of(function) : KS_TAKES_OTHERS);
  function->strings = ks_strings_of(function);
  if (function->index >= KS_MAX_FUNCTIONS) return luaL_error(L, "more calls than KS_MAX_FUNCTIONS");
  interpreter->functions[function->index] = function;
  lua_pushcclosure(L, strchr(function->kinds, 'f') ? call_with_function : caller_of(function), 2);
  return 1;
}
