/* lua_resume for all who resume: inline, since where a coroutine has yielded, by a longjmp, each return on the way back
 * to whoever resumed it is one that the processor does not foresee. */
#pragma once
#include "interpreter.h"

static inline int has_mark(lua_State *thread, int which) { return (ks_marks(thread) & which) != 0; }

static inline __attribute__((always_inline)) int resume_thread(
    lua_State *thread, lua_State *from, int arguments, int *results) {
  ks_interpreter *interpreter = ks_interpreter_of(thread);
  lua_State *running = interpreter->running;
  int unsuspendable = interpreter->unsuspendable;
  /* A task's wait goes no further out than to the machine, whatever the machine was called from. */
  if (!from || has_mark(thread, KS_MARK_TASK)) interpreter->unsuspendable = 0;
  else if (!lua_isyieldable(from) || has_mark(from, KS_MARK_CLOSING)) interpreter->unsuspendable++;
  if (interpreter->instructions_limited && !lua_gethook(thread)) ks_set_hook(thread);
  interpreter->running = thread;
  if (interpreter->interrupted) ks_interrupt(thread); /* it came while no coroutine ran */
  if (interpreter->exhausted) ks_exhaust(thread);
  int status = lua_resume(thread, from, arguments, results);
  interpreter->running = running;
  interpreter->unsuspendable = unsuspendable;
  return status;
}
