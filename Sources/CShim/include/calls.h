/* What the interpreter and the machine say to each other about system calls.  C calls up with words and bytes; Swift
 * answers; and only when no Swift frame is left does C push, raise or yield, since a longjmp over Swift frames would
 * leak what they hold. So every entry of ks_host returns, and none of them calls Lua, except `run` (the loop of a
 * kernel that a script drives), which resumes other coroutines and is never jumped over. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <lua.h>
#include "interpreter.h"

enum { KS_ABSENT, KS_WORD, KS_BYTES, KS_MEMORY, KS_OMITTED };

/* How a call goes on. KS_NUMBER: it has answered with one number and no bytes, and the answer is not filled in. */
enum { KS_REPLY, KS_BLOCKED, KS_HANDLER, KS_ENDED, KS_CANNOT_SLEEP, KS_NUMBER };

/* What a call returns: two words, so that both come in registers. */
typedef struct ks_result {
  int64_t word; /* with KS_NUMBER */
  int64_t outcome;
} ks_result;

/* Filled by the machine before it returns; valid until it is called again. */
typedef struct ks_answer {
  int64_t words[4];
  const void *bytes;
  int64_t count;
  const ks_known_string *known; /* the one that has these bytes, if that is known */
  int32_t error;     /* 0, or the errno */
  int32_t has_bytes; /* the answer of a transfer is its bytes, not their number */
  int32_t has_extra; /* the bytes are a result beside the error */
} ks_answer;

/* What a call takes, where that is something simple. */
enum {
  KS_TAKES_OTHERS, KS_TAKES_NOTHING, KS_TAKES_INTEGERS, KS_TAKES_INTEGER_AND_STRING, KS_TAKES_INTEGER_AND_ROWS,
  KS_TAKES_IN_ORDER
};

/* What C needs to know of a call's declaration. */
typedef struct ks_function {
  uint32_t index;
  uint32_t number; /* of the ABI: what digests hold, so that they do not change when calls are added */
  int32_t count, required;
  char kinds[KS_MAX_ARGUMENTS + 1];      /* a letter a parameter: see ks_take_any() in arguments.c */
  int32_t forms[KS_MAX_ARGUMENTS];       /* what an argument left out becomes */
  int64_t defaults[KS_MAX_ARGUMENTS];
  unsigned strings;                      /* a bit for each argument that is a string, set by ks_bind() */
  char signature;                        /* one of the below, set by ks_bind() */
  /* Of kind l: the fields of a row, as letters of string.pack; "" if there is none. */
  char rows[12];
  char shape;                            /* of the result: see ks_push_reply() in replies.c */
  const char *name;
} ks_function;

typedef struct ks_host {
  const ks_answer *answer;
  /* Performs a call for the running task; `can_sleep` 0 when its coroutine cannot be suspended. */
  ks_result (*call)(void *machine, uint32_t index, const ks_argument *arguments, uint64_t digest, int32_t can_sleep);
  /* The same for a call that makes a task, which is to run on `thread`. */
  ks_result (*call_spawning)(
    void *machine, uint32_t index, const ks_argument *arguments, uint64_t digest, int32_t can_sleep, lua_State *thread);
  /* Fills in the answer after KS_NUMBER, for a call whose results are more than that number. */
  void (*answer_in_full)(void *machine);
  /* Fills in the words beside the answer's bytes, of which a transfer has but one. */
  void (*answer_words)(void *machine);
  /* How the task goes on that was just resumed. */
  int32_t (*result)(void *machine);
  /* The same for a call that waited. */
  ks_result (*call_result)(void *machine);
  /* The running task, whose coroutine is `own`, waits: who is to go on? Its coroutine, to be resumed; `own`, when
   * `result` is how its call goes on; or NULL when the machine has something to do first. */
  lua_State *(*next_turn)(void *machine, lua_State *own, ks_result *result);
  /* A coroutine resumed after next_turn has not come back to wait: the machine is told how, for when it goes on. */
  void (*came_back)(void *machine, lua_State *thread, int32_t status);
  /* The handler of a signal has ended: normally, or by an error that leaves the interrupted call too. */
  int32_t (*handler_returned)(void *machine, int32_t was_left);
  /* The function of a task has returned: ends it. */
  void (*task_returned)(void *machine, int64_t status);
  /* ks.settle(): the task goes on when the others sleep. */
  int32_t (*settle)(void *machine);
  /* Puts "name(arguments): ENAME (text)" into the answer's bytes; words[0] is how long the name and arguments are. */
  void (*describe)(void *machine, uint32_t index, const ks_argument *arguments, int32_t error);
  /* Finds a call by name; 0 if there is none. */
  int32_t (*find)(void *machine, const char *name, size_t length, ks_function *function);
  /* Access to the memory of the running task as by its own instructions: KS_REPLY, or how it goes on after the fault.
   * A word has 1, 2, 4 or 8 bytes; what load_bytes reads is in the answer's bytes. */
  int32_t (*load)(void *machine, uint64_t address, int32_t size, uint64_t *value);
  int32_t (*store)(void *machine, uint64_t address, int32_t size, uint64_t value);
  int32_t (*load_bytes)(void *machine, uint64_t address, uint64_t count);
  int32_t (*store_bytes)(void *machine, uint64_t address, const void *bytes, uint64_t count);
  /* Everything that is not hot: an operation by name, with what it needs; the answer's shape as a letter: n nil, i
   * integer, d number (words[0] nanoseconds, as seconds), s bytes, e an error to be raised (bytes), u one whose text
   * has its place already, b blocked (as KS_BLOCKED). */
  int32_t (*query)(void *machine, const char *operation, const ks_argument *arguments, int32_t count);
  /* The idle task of a driven kernel becomes its running task, until `leave` is called with what this returns: the
   * machine to use meanwhile. NULL when the kernel was closed. */
  void *(*enter)(void *machine, int64_t kernel);
  void (*leave)(void *machine);
} ks_host;

/* A buffer: a stretch of a task's memory. */
typedef struct ks_buffer {
  const void *mark; /* that it is one: see ks_to_buffer() */
  uint64_t address;
  uint64_t count;
} ks_buffer;

/* memory.c: the buffer at `index`, or NULL for any other value; and its functions for the core table, which is on
   top. */
ks_buffer *ks_to_buffer(lua_State *L, int index);
void ks_open_memory(lua_State *L);

/* What a call or an access does whose task is no more: never comes back to the script. */
int ks_end_task(lua_State *L);

/* Opens `ks.core`: what the prelude is built on. Leaves the table on the stack. */
void ks_open_core(lua_State *L);
/* core.bind(name, must) -> function, or nil */
int ks_bind(lua_State *L);
/* programs.c: adds what programs are made of to the core table, which is on top. */
void ks_open_programs(lua_State *L);
/* Text of a chunk, run at once with the core table and `count` further values from the stack. 0, or a message on the
   stack. */
int ks_run_prelude(lua_State *L, const char *name, const char *text, size_t length, int arguments);

/* A coroutine for a task that runs the function at `index` of L; its arguments follow it up to the top, and all are
   popped. */
lua_State *ks_new_task(lua_State *L, int index);
void ks_release_task(lua_State *L, lua_State *thread);

/* The handlers of a kernel that is no more. */
void ks_forget_handlers(lua_State *L, const void *machine);

/* Pushes the function of a handler and its two arguments: words 0 and 1 of the answer are its number and the signal. */
void ks_push_handler(lua_State *L, const ks_answer *answer);

/* How a resumed coroutine came back. */
enum { KS_SUSPENDED, KS_FINISHED, KS_FAILED };
int ks_go_on(lua_State *thread);
/* For a failed one: "file:line: message", then the traceback; both pushed on L as strings. */
void ks_push_failure(lua_State *L, lua_State *thread);
/* "file:line" of the script's function that the coroutine stands in; returns the length, 0 when there is none. */
int ks_where(lua_State *thread, char *text, size_t size);
/* A loaded script's function is left on the stack; 0, or not 0 with the message there. */
int ks_load(lua_State *L, const char *name, const char *text, size_t length);

/* The digest of bytes that calls are digested with, for a test to compare with ByteView.digest. */
uint64_t ks_digest(uint64_t seed, const void *bytes, size_t length);
