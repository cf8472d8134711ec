/* The state that every C function of the interpreter shares: one a Lua state, found in its extra space.
 *
 * Nothing here calls Swift. What C and Swift say to each other about system calls is in calls.h.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <lua.h>

typedef struct ks_interpreter {
  /* Set by a system call just before it yields because its task must wait (or was preempted, or has ended).
   * Every coroutine.resume on the way out passes such a yield on instead of returning it to the script;
   * the machine clears it when the outermost lua_resume has returned. */
  int suspended;
  /* Not 0 when the script must end whatever it catches (a limit was reached, its task is gone):
   * pcall, xpcall and coroutine.resume raise again what they caught. */
  int unwinding;
  /* Bytes that Lua holds and may hold; the allocator answers NULL past the limit and sets `unwinding`. */
  size_t memory_used, memory_limit;
  /* How many tables, functions, userdata and threads were created: the source of their serials. */
  uint64_t objects_created;
  /* For calls.c: the machine and its entry points. */
  void *machine;
  const struct ks_host *host;
} ks_interpreter;

static inline ks_interpreter *ks_interpreter_of(lua_State *L) { return *(ks_interpreter **)lua_getextraspace(L); }

/* Values of ks_interpreter.unwinding. */
enum { KS_UNWIND_NOT, KS_UNWIND_MEMORY, KS_UNWIND_INSTRUCTIONS, KS_UNWIND_TASK_ENDED, KS_UNWIND_INTERRUPTED };

/* allocator.c: a lua_Alloc that counts, limits, and gives each object a serial number in creation order. */
lua_State *ks_new_state(ks_interpreter *interpreter);
/* The serial of a table, function, full userdata or thread: the same in every run of the same script. 0 for other values. */
uint64_t ks_serial(lua_State *L, int index);

/* sandbox.c: replaces what differs from run to run, and removes what reaches the host. Called once, after the standard
 * libraries are opened with ks_open_libraries. */
void ks_open_libraries(lua_State *L);
