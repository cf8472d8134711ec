/* The memory of the interpreter: counted, limited, and every object numbered in the order of creation.
 *
 * Lua hashes strings with a seed that differs from process to process, and objects by their addresses. The order
 * in which a script creates objects depends on the script alone; so a serial number, kept in front of each
 * block, is what stands for an address wherever a script could see one. Twin: l_alloc in Lua's lauxlib.c.
 * Manual: section 4.6, lua_Alloc.
 */
#include "interpreter.h"
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

/* In front of every block. 8 bytes keep the alignment Lua asks for (LUAI_MAXALIGN: no member larger than a double).
 * Marks are used for threads only, where the pointer at hand (a lua_State) leads here without a look-up. */
typedef struct {
  uint64_t serial : 56;
  uint64_t marks : 8;
} header;

_Static_assert(sizeof(header) == 8, "a header must not disturb the alignment of what follows");

static int is_numbered(size_t type) {
  return type == LUA_TTABLE || type == LUA_TFUNCTION || type == LUA_TUSERDATA || type == LUA_TTHREAD;
}

static void *refuse(ks_interpreter *interpreter) {
  interpreter->memory_refused = 1;
  return NULL;
}

/* Small blocks, by size in steps of 16 bytes, come from and go back to lists of free ones: strings, tables and
 * closures come and go with each call, and this is a third of malloc's price. What a list holds stays with the
 * interpreter until it is closed. */
enum { KS_STEP = 16, KS_LARGEST_SMALL = 256, KS_CHUNK = 64 * 1024 };

static size_t class_of(size_t size) { return (size + KS_STEP - 1) / KS_STEP; }

static __attribute__((noinline)) void *cut(ks_interpreter *interpreter, size_t class) {
  if (interpreter->chunk_left < class * KS_STEP) {
    void **chunk = malloc(KS_CHUNK);
    if (!chunk) return NULL;
    *chunk = interpreter->chunks;
    interpreter->chunks = chunk;
    interpreter->chunk_next = (char *)chunk + KS_STEP;
    interpreter->chunk_left = KS_CHUNK - KS_STEP;
  }
  void *fresh = interpreter->chunk_next;
  interpreter->chunk_next += class * KS_STEP;
  interpreter->chunk_left -= class * KS_STEP;
  return fresh;
}

static inline void *take(ks_interpreter *interpreter, size_t size) {
  if (size > KS_LARGEST_SMALL) return malloc(size);
  size_t class = class_of(size);
  void **block = interpreter->free_blocks[class];
  if (!block) return cut(interpreter, class);
  interpreter->free_blocks[class] = *block;
  return block;
}

static inline void give(ks_interpreter *interpreter, void *block, size_t size) {
  if (size > KS_LARGEST_SMALL) {
    free(block);
    return;
  }
  size_t class = class_of(size);
  *(void **)block = interpreter->free_blocks[class];
  interpreter->free_blocks[class] = block;
}

static void *resize(ks_interpreter *interpreter, void *block, size_t old_size, size_t new_size) {
  if (!block) return take(interpreter, new_size);
  if (old_size > KS_LARGEST_SMALL && new_size > KS_LARGEST_SMALL) return realloc(block, new_size);
  if (old_size <= KS_LARGEST_SMALL && new_size <= KS_LARGEST_SMALL && class_of(old_size) == class_of(new_size))
    return block;
  void *moved = take(interpreter, new_size);
  if (!moved) return NULL;
  memcpy(moved, block, old_size < new_size ? old_size : new_size);
  give(interpreter, block, old_size);
  return moved;
}

/* After lua_close: the chunks that the small blocks were cut from. */
void ks_close_state(lua_State *L) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  lua_close(L);
  while (interpreter->chunks) {
    void **chunk = interpreter->chunks;
    interpreter->chunks = *chunk;
    free(chunk);
  }
}

/* A block that is there becomes larger or smaller. Making it smaller must not fail (manual, lua_Alloc). */
static __attribute__((noinline)) void *reallocate(
    ks_interpreter *interpreter, void *block, size_t old_size, size_t new_size) {
  if (new_size > SIZE_MAX / 2) return refuse(interpreter);
  header *old = (header *)block - 1;
  size_t held = old_size + sizeof(header), wanted = new_size + sizeof(header);
  size_t others = interpreter->memory_used - held;
  size_t limit = interpreter->memory_limit;
  if (wanted > held && limit && others + wanted > limit) return refuse(interpreter);
  header *new = resize(interpreter, old, held, wanted);
  if (!new) return refuse(interpreter);
  interpreter->memory_used = others + wanted;
  return new + 1;
}

/* When `block` is NULL, `old_size` is the type of the object to be, or 0 for memory that is no object. Objects never
 * change their size, so only their creation needs numbering. */
static void *allocate(void *context, void *block, size_t old_size, size_t new_size) {
  ks_interpreter *interpreter = context;
  if (new_size == 0) {
    if (!block) return NULL;
    interpreter->memory_used -= old_size + sizeof(header);
    give(interpreter, (header *)block - 1, old_size + sizeof(header));
    return NULL;
  }
  if (block) return reallocate(interpreter, block, old_size, new_size);
  if (new_size > SIZE_MAX / 2) return refuse(interpreter);
  size_t wanted = new_size + sizeof(header), used = interpreter->memory_used + wanted;
  if (interpreter->memory_limit && used > interpreter->memory_limit) return refuse(interpreter);
  header *new = take(interpreter, wanted);
  if (!new) return refuse(interpreter);
  interpreter->memory_used = used;
  *new = (header){.serial = is_numbered(old_size) ? ++interpreter->objects_created : 0, .marks = 0};
  if (old_size == LUA_TUSERDATA) interpreter->newest_userdata = new + 1;
  return new + 1;
}

static header *header_of_thread(lua_State *thread) { return (header *)lua_getextraspace(thread) - 1; }

int ks_marks(lua_State *thread) { return header_of_thread(thread)->marks; }
void ks_set_marks(lua_State *thread, int marks) { header_of_thread(thread)->marks = (unsigned)marks & 0xff; }
void ks_mark_task(lua_State *thread) { ks_set_marks(thread, ks_marks(thread) | KS_MARK_TASK); }
int ks_is_task(lua_State *thread) { return (ks_marks(thread) & KS_MARK_TASK) != 0; }

/* Lua tells the address of a userdata's memory, which follows a header and the user values: how far, is measured once
 * rather than copied from Lua's private declarations. */
static int measure_userdata(lua_State *L) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  for (int values = 0; values < 3; values++) {
    char *memory = lua_newuserdatauv(L, 1, values);
    interpreter->userdata_offset[values] = (size_t)(memory - (char *)interpreter->newest_userdata);
  }
  return 0;
}

static uint64_t serial_of_userdata(lua_State *L, int index) {
  const size_t *offset = ks_interpreter_of(L)->userdata_offset;
  int values = 0;
  index = lua_absindex(L, index);
  while (lua_getiuservalue(L, index, values + 1) != LUA_TNONE) {
    lua_pop(L, 1);
    values++;
  }
  lua_pop(L, 1);
  size_t distance = values == 0 ? offset[0] : offset[1] + (size_t)(values - 1) * (offset[2] - offset[1]);
  return ((const header *)((const char *)lua_touserdata(L, index) - distance) - 1)->serial;
}

/* The key in the registry of a table: light C functions -> serials. They have no block;
 * ks_register_functions numbers them. */
static char numbered_functions;

static uint64_t serial_of_light_function(lua_State *L, int index) {
  lua_pushvalue(L, index);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &numbered_functions) != LUA_TTABLE) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &numbered_functions);
  }
  lua_pushvalue(L, -2);
  lua_rawget(L, -2);
  uint64_t serial = (uint64_t)lua_tointeger(L, -1);
  if (!serial) {
    serial = ++ks_interpreter_of(L)->objects_created;
    lua_pushvalue(L, -3);
    lua_pushinteger(L, (lua_Integer)serial);
    lua_rawset(L, -4);
  }
  lua_pop(L, 3);
  return serial;
}

uint64_t ks_serial(lua_State *L, int index) {
  const void *object = lua_topointer(L, index);
  luaL_checkstack(L, 6, NULL);
  switch (lua_type(L, index)) {
  case LUA_TTABLE: return ((const header *)object - 1)->serial;
  case LUA_TUSERDATA: return serial_of_userdata(L, index);
  case LUA_TTHREAD: return header_of_thread(lua_tothread(L, index))->serial;
  case LUA_TFUNCTION: {
    /* For a function without upvalues lua_topointer answers the address of its code, not of an object. */
    lua_CFunction code = lua_tocfunction(L, index);
    if (code && object == (const void *)(uintptr_t)code) return serial_of_light_function(L, index);
    return ((const header *)object - 1)->serial;
  }
  default: return 0;
  }
}

lua_State *ks_new_state(ks_interpreter *interpreter) {
  lua_State *L = lua_newstate(allocate, interpreter);
  if (!L) return NULL;
  *(ks_interpreter **)lua_getextraspace(L) = interpreter;
  lua_pushcfunction(L, measure_userdata);
  if (lua_pcall(L, 0, 0, 0) != LUA_OK) {
    ks_close_state(L);
    return NULL;
  }
  return L;
}
