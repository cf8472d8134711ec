/* The end of a script that no script can catch: the limits that bring it about,
 * and the protected calls that let it pass.
 * Manual: sections 2.3, 6.1 (pcall, xpcall) and 4.7 (hooks).
 */
#include "calls.h"
#include "interpreter.h"
#include <lauxlib.h>

int ks_caught(lua_State *L, int status) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  /* A script can raise the message of a memory error itself; without a refusal it is an error like others. */
  if (status == LUA_ERRMEM && interpreter->memory_refused && !interpreter->unwinding) {
    interpreter->unwinding = KS_UNWIND_MEMORY;
    /* The end must still be told, with a traceback. */
    if (interpreter->memory_limit) interpreter->memory_limit += KS_MEMORY_RESERVE;
  }
  return interpreter->unwinding;
}

/* One hook serves both limits; it is put on every coroutine that is resumed, and counts down one shared number. */

static void on_hook(lua_State *L, lua_Debug *record);

void ks_set_hook(lua_State *L) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  if (interpreter->instructions_limited) lua_sethook(L, on_hook, LUA_MASKCOUNT, interpreter->instructions_period);
  else lua_sethook(L, NULL, 0, 0);
}

/* At the script's line, also where a prelude's function runs for it. */
static int raise_unwinding(lua_State *L, int why, const char *message) {
  char place[256] = "";
  ks_interpreter_of(L)->unwinding = why;
  ks_where(L, place, sizeof place);
  lua_pushfstring(L, "%s%s%s", place, *place ? ": " : "", message);
  return lua_error(L);
}

int ks_raise_interrupted(lua_State *L) {
  ks_interpreter_of(L)->interrupted = 0;
  return raise_unwinding(L, KS_UNWIND_INTERRUPTED, "interrupted");
}

int ks_raise_exhausted(lua_State *L) {
  ks_interpreter_of(L)->exhausted = 0;
  return raise_unwinding(L, KS_UNWIND_MEMORY, "the limit of memory is reached");
}

static void on_hook(lua_State *L, lua_Debug *record) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  int is_counting =
    record->event == LUA_HOOKCOUNT && lua_gethookmask(L) == LUA_MASKCOUNT && interpreter->instructions_limited;
  if (interpreter->interrupted || interpreter->exhausted || !is_counting) ks_set_hook(L);
  if (interpreter->interrupted) ks_raise_interrupted(L);
  if (interpreter->exhausted) ks_raise_exhausted(L);
  if (!is_counting) return; /* left over from an interrupt that was raised elsewhere, or from a lifted limit */
  uint64_t period = (uint64_t)interpreter->instructions_period;
  if (interpreter->instructions_left > period) {
    interpreter->instructions_left -= period;
    return;
  }
  interpreter->instructions_left = 0; /* and so each further period raises again, in a __close for example */
  raise_unwinding(L, KS_UNWIND_INSTRUCTIONS, "the limit of instructions is spent");
}

void ks_limit_instructions(lua_State *L, uint64_t n) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  interpreter->instructions_limited = n != 0;
  interpreter->instructions_left = n;
  interpreter->instructions_period = n && n < 1000 ? (int)n : 1000;
  ks_set_hook(L);
}

/* lua_sethook may be called at any moment (manual, and lua.c's own handler). The flag comes first: should the coroutine
 * end before its next instruction, whoever resumed it finds the flag. */
void ks_interrupt(lua_State *L) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  lua_State *running = interpreter->running;
  interpreter->interrupted = 1;
  lua_sethook(running ? running : L, on_hook, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

void ks_exhaust(lua_State *L) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  lua_State *running = interpreter->running;
  interpreter->exhausted = 1;
  lua_sethook(running ? running : L, on_hook, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

/* `skipped` values below the results are not part of them. */
static int finish_call(lua_State *L, int status, lua_KContext skipped) {
  if (status == LUA_OK || status == LUA_YIELD) return lua_gettop(L) - (int)skipped;
  if (ks_caught(L, status)) return lua_error(L);
  lua_pushboolean(L, 0);
  lua_insert(L, -2);
  return 2;
}

static int protected_call(lua_State *L) {
  luaL_checkany(L, 1);
  lua_pushboolean(L, 1);
  lua_insert(L, 1);
  return finish_call(L, lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, finish_call), 0);
}

/* The script's handler (upvalue 1) is not asked about the end of the script. */
static int handle_error(lua_State *L) {
  if (ks_interpreter_of(L)->unwinding) return 1;
  lua_settop(L, 1);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, 1, 1);
  return 1;
}

static int protected_call_with_handler(lua_State *L) {
  int arguments = lua_gettop(L) - 2;
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_pushvalue(L, 2);
  lua_pushcclosure(L, handle_error, 1);
  lua_replace(L, 2);
  lua_pushboolean(L, 1);
  lua_pushvalue(L, 1);
  lua_rotate(L, 3, 2); /* function, handler, true, function, arguments */
  return finish_call(L, lua_pcallk(L, arguments, LUA_MULTRET, 2, 2, finish_call), 2);
}

void ks_open_protected_calls(lua_State *L) {
  lua_register(L, "pcall", protected_call);
  lua_register(L, "xpcall", protected_call_with_handler);
}
