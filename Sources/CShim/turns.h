/* How a task's coroutine is resumed, by the machine and by a task that waits. */
#pragma once
#include "calls.h"
#include "resume.h"

/* `from` is whose depth of C calls is the thread's too; NULL for nobody's. */
static inline __attribute__((always_inline)) int give_turn(lua_State *thread, lua_State *from) {
  ks_interpreter *interpreter = ks_interpreter_of(thread);
  int results = 0;
  int count = lua_status(thread) == LUA_YIELD ? 0 : lua_gettop(thread) - 1;
  int status = resume_thread(thread, from, count, &results);
  interpreter->suspended = 0;
  if (status == LUA_YIELD) {
    if (results) lua_pop(thread, results);
    return KS_SUSPENDED;
  }
  if (status == LUA_OK) return KS_FINISHED;
  ks_caught(thread, status); /* memory that ran out ends the run, like any other limit */
  return KS_FAILED;
}
