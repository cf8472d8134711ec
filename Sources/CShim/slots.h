/* Values on Lua's stack, read where they lie: Lua's own functions take two calls for each, and eight for a row of a
 * list, which is more than a system call does with it.
 *
 * How Lua lays out a state and its values is its own affair, though the same in all of 5.4. So it is looked at before
 * it is relied on, by ks_look_at_slots() when a state is made; where it is not as expected (`knows_slots` is 0), calls
 * take their arguments by Lua's functions alone, and everything else is the same. */
#pragma once
#include "interpreter.h"
#include <string.h>

typedef struct ks_slot {
  union {
    int64_t integer;
    const char *object;
  };
  unsigned char tag;
} ks_slot;

/* Tags of values. */
enum { KS_INTEGER_TAG = 0x03, KS_TABLE_TAG = 0x45, KS_SHORT_STRING_TAG = 0x44, KS_LONG_STRING_TAG = 0x54 };
/* Where a state has the end of its stack; its frame, which begins with where its function lies; and how many C calls
 * deep it is, above which is how many of them cannot be yielded across. */
enum { KS_TOP_OFFSET = 16, KS_FRAME_OFFSET = 32, KS_DEPTH_OFFSET = 176 };
/* Where a string has its bytes, and how many they are; where a table has what is told of its array and its hash. */
enum { KS_SHORT_LENGTH_OFFSET = 11, KS_LONG_LENGTH_OFFSET = 16, KS_BYTES_OFFSET = 24 };
enum { KS_FLAGS_OFFSET = 10, KS_ARRAY_SIZE_OFFSET = 12, KS_ARRAY_OFFSET = 16, KS_HASH_OFFSET = 24 };
/* Of a table's flags: its array's size is not what it says. */
enum { KS_OTHER_SIZE = 0x80 };

#define KS_INLINE static inline __attribute__((always_inline))

KS_INLINE const void *ks_pointer_at(const void *object, size_t offset) {
  const void *pointer;
  memcpy(&pointer, (const char *)object + offset, sizeof pointer);
  return pointer;
}
KS_INLINE uint32_t ks_word_at(const void *object, size_t offset) {
  uint32_t word;
  memcpy(&word, (const char *)object + offset, sizeof word);
  return word;
}

/* The end of the stack: its last value is at -1. */
KS_INLINE const ks_slot *ks_top(lua_State *L) { return ks_pointer_at(L, KS_TOP_OFFSET); }

/* The first argument of the running function. */
KS_INLINE const ks_slot *ks_first(lua_State *L) {
  return (const ks_slot *)ks_pointer_at(ks_pointer_at(L, KS_FRAME_OFFSET), 0) + 1;
}

/* As lua_isyieldable(). */
KS_INLINE int ks_is_yieldable(lua_State *L) { return (ks_word_at(L, KS_DEPTH_OFFSET) & 0xffff0000) == 0; }

/* The array of a table that has nothing but that, all of it, and how many values that is; NULL for any other table. */
KS_INLINE const ks_slot *ks_sequence(const ks_interpreter *interpreter, const ks_slot *slot, uint32_t *count) {
  const char *table = slot->object;
  if (slot->tag != KS_TABLE_TAG || (table[KS_FLAGS_OFFSET] & KS_OTHER_SIZE)) return NULL;
  if (ks_pointer_at(table, KS_HASH_OFFSET) != interpreter->empty_hash) return NULL;
  *count = ks_word_at(table, KS_ARRAY_SIZE_OFFSET);
  return ks_pointer_at(table, KS_ARRAY_OFFSET);
}

/* slots.c: sets `knows_slots`. */
void ks_look_at_slots(lua_State *L);
