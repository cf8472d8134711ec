/* Coroutines that pass a system call's wait on to the machine. Manual: sections 2.6, 6.2 and 4.5 (continuations).
 *
 * A task is a coroutine resumed by the machine. A script's own coroutines run inside it; when a system call in one of
 * them must wait, each resume on the way out yields in its turn (ks_interpreter.suspended says so), and the machine's
 * next resume of the task goes down the same way. A coroutine that waits so is not suspended in the script's eyes: it
 * carries KS_MARK_IN_CALL, and whoever else gets hold of it finds it "normal".
 */
#include "resume.h"
#include <lauxlib.h>

static void mark(lua_State *thread, int which, int on) {
  int marks = ks_marks(thread);
  ks_set_marks(thread, on ? marks | which : marks & ~which);
}

int ks_resume(lua_State *thread, lua_State *from, int arguments, int *results) {
  return resume_thread(thread, from, arguments, results);
}

enum { AS_RESUME, AS_WRAP };

static lua_State *check_coroutine(lua_State *L, int index) {
  lua_State *thread = lua_tothread(L, index);
  luaL_argexpected(L, thread, index, "coroutine");
  return thread;
}

static const char *status_of(lua_State *L, lua_State *thread) {
  lua_Debug record;
  if (thread == L) return "running";
  if (has_mark(thread, KS_MARK_TASK | KS_MARK_IN_CALL | KS_MARK_CLOSING)) return "normal";
  switch (lua_status(thread)) {
  case LUA_YIELD: return "suspended";
  case LUA_OK:
    if (lua_getstack(thread, 0, &record)) return "normal";
    return lua_gettop(thread) ? "suspended" : "dead";
  default: return "dead";
  }
}

/* Runs the pending __close of a coroutine. Lua 5.4.4 lets them yield to nowhere and does not count the nesting as C
 * calls, hence the mark and the count. Leaves the error on the coroutine's stack. */
static int close_coroutine(lua_State *L, lua_State *thread) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  if (interpreter->closings >= 100) luaL_error(L, "C stack overflow");
  lua_State *running = interpreter->running;
  interpreter->closings++;
  interpreter->unsuspendable++;
  interpreter->running = thread;
  mark(thread, KS_MARK_CLOSING, 1);
  int status = lua_resetthread(thread);
  mark(thread, KS_MARK_CLOSING, 0);
  interpreter->running = running;
  interpreter->unsuspendable--;
  interpreter->closings--;
  return status;
}

/* wrap's errors carry the place of the call in front, as in stock Lua, and close the coroutine. */
static int fail(lua_State *L, lua_State *thread, int status, int how) {
  if (how == AS_RESUME && !ks_caught(L, status)) {
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
  }
  ks_caught(L, status);
  if (how == AS_WRAP && thread && lua_status(thread) != LUA_OK && lua_status(thread) != LUA_YIELD) {
    status = close_coroutine(L, thread);
    if (status != LUA_OK) lua_xmove(thread, L, 1);
    ks_caught(L, status);
  }
  if (!ks_interpreter_of(L)->unwinding && status != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING) {
    luaL_where(L, 1);
    lua_insert(L, -2);
    lua_concat(L, 2);
  }
  return lua_error(L);
}

static int go_on(lua_State *L, int status, lua_KContext how);

static int advance(lua_State *L, lua_State *thread, int arguments, int how) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  int results = 0;
  int status = ks_resume(thread, L, arguments, &results);
  if (status == LUA_YIELD && interpreter->suspended) {
    lua_pop(thread, results);
    if (lua_isyieldable(L)) {
      mark(thread, KS_MARK_IN_CALL, 1);
      return lua_yieldk(L, 0, how, go_on);
    }
    interpreter->suspended = 0; /* only if a system call did not ask ks_can_suspend */
    return luaL_error(L, "attempt to wait across a C-call boundary");
  }
  if (interpreter->interrupted && !interpreter->unwinding) ks_raise_interrupted(L);
  if (interpreter->exhausted && !interpreter->unwinding) ks_raise_exhausted(L);
  if (status != LUA_OK && status != LUA_YIELD) {
    lua_xmove(thread, L, 1);
    return fail(L, thread, status, how);
  }
  if (!lua_checkstack(L, results + 1)) {
    lua_pop(thread, results);
    lua_pushliteral(L, "too many results to resume");
    return fail(L, NULL, LUA_ERRRUN, how);
  }
  if (how == AS_RESUME) lua_pushboolean(L, 1);
  lua_xmove(thread, L, results);
  return results + (how == AS_RESUME);
}

/* The machine has resumed the task; what the system call answers is pushed by its own continuation, innermost. */
static int go_on(lua_State *L, int status, lua_KContext how) {
  (void)status;
  lua_settop(L, 1);
  lua_State *thread = lua_tothread(L, how == AS_WRAP ? lua_upvalueindex(1) : 1);
  mark(thread, KS_MARK_IN_CALL, 0);
  return advance(L, thread, 0, (int)how);
}

static int start(lua_State *L, lua_State *thread, int arguments, int how) {
  const char *problem = NULL;
  if (has_mark(thread, KS_MARK_TASK | KS_MARK_IN_CALL | KS_MARK_CLOSING))
    problem = "cannot resume non-suspended coroutine";
  else if (!lua_checkstack(thread, arguments)) problem = "too many arguments to resume";
  if (problem) {
    lua_pushstring(L, problem);
    return fail(L, NULL, LUA_ERRRUN, how);
  }
  lua_xmove(L, thread, arguments);
  return advance(L, thread, arguments, how);
}

static int resume(lua_State *L) { return start(L, check_coroutine(L, 1), lua_gettop(L) - 1, AS_RESUME); }

static int call_wrapped(lua_State *L) { return start(L, lua_tothread(L, lua_upvalueindex(1)), lua_gettop(L), AS_WRAP); }

static int create(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_State *thread = lua_newthread(L);
  lua_pushvalue(L, 1);
  lua_xmove(L, thread, 1);
  return 1;
}

static int wrap(lua_State *L) {
  create(L);
  lua_pushcclosure(L, call_wrapped, 1);
  return 1;
}

static int is_root(lua_State *L) {
  int is_main = lua_pushthread(L);
  lua_pop(L, 1);
  return is_main || has_mark(L, KS_MARK_TASK);
}

static int yield(lua_State *L) {
  if (is_root(L)) return luaL_error(L, "attempt to yield from outside a coroutine");
  if (has_mark(L, KS_MARK_CLOSING)) return luaL_error(L, "attempt to yield across a C-call boundary");
  return lua_yield(L, lua_gettop(L));
}

static int is_yieldable(lua_State *L) {
  lua_State *thread = lua_isnone(L, 1) ? L : check_coroutine(L, 1);
  lua_pushboolean(L, lua_isyieldable(thread) && !is_root(thread) && !has_mark(thread, KS_MARK_CLOSING));
  return 1;
}

static int running(lua_State *L) {
  lua_pushthread(L);
  lua_pushboolean(L, is_root(L));
  return 2;
}

static int status(lua_State *L) {
  lua_pushstring(L, status_of(L, check_coroutine(L, 1)));
  return 1;
}

static int close(lua_State *L) {
  lua_State *thread = check_coroutine(L, 1);
  const char *now = status_of(L, thread);
  if (*now != 's' && *now != 'd') return luaL_error(L, "cannot close a %s coroutine", now);
  int failed = close_coroutine(L, thread);
  if (failed == LUA_OK) {
    lua_pushboolean(L, 1);
    return 1;
  }
  lua_xmove(thread, L, 1);
  return fail(L, thread, failed, AS_RESUME);
}

void ks_open_coroutines(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"close", close}, {"create", create}, {"isyieldable", is_yieldable}, {"resume", resume},
    {"running", running}, {"status", status}, {"wrap", wrap}, {"yield", yield}, {NULL, NULL},
  };
  lua_getglobal(L, "coroutine");
  luaL_setfuncs(L, functions, 0);
  lua_pop(L, 1);
}
