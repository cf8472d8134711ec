/* The state that every C function of the interpreter shares: one a Lua state, found in its extra space.
 *
 * Nothing here calls Swift. What C and Swift say to each other about system calls is in calls.h.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <lua.h>

enum { KS_MAX_FUNCTIONS = 512, KS_MAX_ARGUMENTS = 7 };

/* As RawArgument in LinuxKernel: same fields, same order. */
typedef struct ks_argument {
  int64_t word;
  const void *bytes;
  int64_t count;
  int32_t form;
} ks_argument;

/* A string that calls were given again and again: see known.h. */
typedef struct ks_known_string {
  const void *bytes;  /* of the string that is kept, which never move; NULL for none */
  size_t length;
  uint64_t digest;    /* of the bytes: see digest_content() */
  uint64_t candidate; /* the digest of one that may take its place */
  int key;            /* of the string in the registry */
} ks_known_string;

enum { KS_KNOWN_STRINGS = 4 };

typedef struct ks_interpreter {
  /* Set by a system call just before it yields because its task must wait (or was preempted, or has ended).
   * Every coroutine.resume on the way out passes such a yield on instead of returning it to the script;
   * the machine clears it when the outermost lua_resume has returned. */
  int suspended;
  /* Not 0 when the script must end whatever it catches (a limit was reached, its task is gone):
   * pcall, xpcall and coroutine.resume raise again what they caught. */
  int unwinding;
  /* Bytes that Lua holds and may hold (0: no limit). Past the limit the allocator answers NULL; Lua then
   * collects and asks again, so a refusal alone ends nothing: `unwinding` is set by ks_caught, when the
   * memory error itself arrives. */
  size_t memory_used, memory_limit;
  /* How many tables, functions, userdata and threads were created: the source of their serials. */
  uint64_t objects_created;
  /* For calls.c: the machine and its entry points. */
  void *machine;
  const struct ks_host *host;
  /* The arguments of the call being made, and its one short row. Not on the stack of the function that takes them: so
   * it is left by a jump when the task waits. */
  ks_argument arguments[KS_MAX_ARGUMENTS];
  uint64_t short_row;
  /* For slots.h: whether Lua lays out its values as expected, or is not to be believed to; what a table without a hash
   * has in its place. */
  int knows_slots, distrusts_slots;
  const void *empty_hash;
  /* For known.h: the strings, and the one that a call was given last. */
  ks_known_string known_strings[KS_KNOWN_STRINGS];
  const ks_known_string *known_string;

  const struct ks_function *functions[KS_MAX_FUNCTIONS]; /* the calls that are bound, by index */

  /* What follows belongs to the allocator and the sandbox. */
  int memory_refused;                  /* the allocator has answered NULL at least once */
  void *newest_userdata;               /* the block of the userdata created last, to measure the two below */
  size_t userdata_offset[3];           /* from a userdata's block to its memory, with 0, 1 and 2 user values */
  int instructions_limited;
  uint64_t instructions_left;          /* shared by all coroutines; taken off a period at a time */
  int instructions_period;
  volatile sig_atomic_t interrupted;   /* ks_interrupt came and nothing was raised for it yet */
  int exhausted;                       /* ks_exhaust came and nothing was raised for it yet */
  lua_State *volatile running;         /* the coroutine whose instructions run now, or NULL */
  int passes_turn;                     /* a task that waits resumes others from within its call: calls.c */
  int unsuspendable;                   /* resumers on the way out that cannot pass a yield on */
  int closings;                        /* nested coroutine.close: Lua 5.4.4 does not count them as C calls */
  uint64_t random_state;               /* splitmix64, the source of seeds for math.random */
  lua_Integer next_position;           /* where `next` was last: only ever a guess, always checked */
  int next_lists;                      /* lists of keys that `next` made since it last dropped all of them */
  void **free_blocks[17];              /* small blocks that were given back, by size in steps of 16 bytes */
  void **chunks;                       /* what they are cut from, as a list */
  char *chunk_next;
  size_t chunk_left;
} ks_interpreter;

static inline ks_interpreter *ks_interpreter_of(lua_State *L) { return *(ks_interpreter **)lua_getextraspace(L); }

/* Values of ks_interpreter.unwinding. */
enum { KS_UNWIND_NOT, KS_UNWIND_MEMORY, KS_UNWIND_INSTRUCTIONS, KS_UNWIND_TASK_ENDED, KS_UNWIND_INTERRUPTED };

/* allocator.c: a lua_Alloc that counts, limits, and gives each object a serial number in creation order. */
lua_State *ks_new_state(ks_interpreter *interpreter);
void ks_close_state(lua_State *L);
/* The serial of a table, function, full userdata or thread: the same in every run of the same script.
 * 0 for other values. */
uint64_t ks_serial(lua_State *L, int index);

/* A task's own coroutine: scripts can neither yield from it, nor resume it, nor close it.
 * Marked once, by the machine. */
void ks_mark_task(lua_State *thread);
int ks_is_task(lua_State *thread);

/* limits.c. To be asked wherever an error was caught, with its status:
 * not 0 when it must be raised again (see `unwinding`). */
int ks_caught(lua_State *L, int status);
/* What the memory limit grows by once it has ended the script, so that the machine can report it. */
enum { KS_MEMORY_RESERVE = 1 << 20 };
/* At most about `n` further instructions (rounded up to 1000), by all coroutines together; 0 lifts the limit. */
void ks_limit_instructions(lua_State *L, uint64_t n);
/* Safe in a signal handler: what runs raises "interrupted" at its next instruction. */
void ks_interrupt(lua_State *L);
/* What the kernel holds is too much: what runs ends at its next instruction,
 * as at the limit of the interpreter's own memory. */
void ks_exhaust(lua_State *L);

/* coroutines.c: lua_resume for the machine and for coroutine.resume alike. */
int ks_resume(lua_State *thread, lua_State *from, int arguments, int *results);
/* Whether a system call made by `L` may yield all the way out to the machine: asked before the kernel is
 * entered, since afterwards it is too late to say no. False inside table.sort, string.gsub, a metamethod
 * called by C, coroutine.close. */
static inline int ks_can_suspend(lua_State *L) {
  /* A coroutine being closed counts as unsuspendable, so its mark need not be looked at. */
  return !ks_interpreter_of(L)->unsuspendable && lua_isyieldable(L);
}

/* strings.c: luaL_tolstring without addresses: pushes the string and returns it. */
const char *ks_tostring(lua_State *L, int index, size_t *length);

/* sandbox.c: gives the functions of the table at `index` serials in the order of their names, and the names
 * that error messages and tracebacks show ("string.format"; library "_G" shows none). For every table of C
 * functions that scripts can see. */
void ks_register_functions(lua_State *L, const char *library, int index);
/* Where math.random starts, and what math.randomseed() without arguments draws from. */
void ks_seed_random(lua_State *L, uint64_t seed);

/* In the registry. KS_LOADED is what scripts see as package.loaded: Lua's own LUA_LOADED_TABLE holds only names for
 * messages here, so luaL_requiref must not be used once the libraries are open. KS_SEARCHER, a function(name) ->
 * loader[, data] or message, finds modules for `require` after package.preload. KS_HOST has os.date, os.time and
 * os.difftime for the prelude. */
#define KS_LOADED "ks.loaded"
#define KS_SEARCHER "ks.searcher"
#define KS_HOST "ks.host"

/* Between the files of the sandbox; each function is explained where it is defined. */
enum { KS_LIST_ALWAYS, KS_LIST_UNLESS_SEQUENCE };
lua_Integer ks_push_keys(lua_State *L, int table, int when);
lua_Integer ks_position_of_key(lua_State *L, int list, int key);
int ks_push_first_field(lua_State *L);
void ks_open_tables(lua_State *L);
void ks_open_strings(lua_State *L);
void ks_open_coroutines(lua_State *L);
void ks_open_sort(lua_State *L);
void ks_open_protected_calls(lua_State *L);
void ks_open_modules(lua_State *L);
/* modules.c: function(loaded, package) -> a `require` of its own. */
int ks_new_require(lua_State *L);
void ks_set_hook(lua_State *L);
int ks_raise_interrupted(lua_State *L);
int ks_raise_exhausted(lua_State *L);
/* Puts function `wrapper` in place of a field of the table on top, with what was there as its upvalue. */
void ks_wrap(lua_State *L, const char *name, lua_CFunction wrapper);
/* What the allocator remembers of a thread besides its serial. */
enum { KS_MARK_TASK = 1, KS_MARK_IN_CALL = 2, KS_MARK_CLOSING = 4 };
int ks_marks(lua_State *thread);
void ks_set_marks(lua_State *thread, int marks);

/* sandbox.c: replaces what differs from run to run, and removes what reaches the host. Called once, after the standard
 * libraries are opened with ks_open_libraries. */
void ks_open_libraries(lua_State *L);
