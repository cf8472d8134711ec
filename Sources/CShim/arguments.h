/* What a call from Lua is given: taken from the stack into words and bytes, and digested on the way.
 *
 * The forms that most calls come in are taken here, inline; arguments.c does the rest. The arguments stay on the Lua
 * stack while the call waits, so that they can be described when it fails in the end.
 */
#pragma once
#include "calls.h"
#include "known.h"

/* Room for the rows of a list that is packed in C; a longer one goes by way of the prelude. */
enum { KS_ROWS_SIZE = 124 };
/* A row of three 16-bit integers, such as an operation on a semaphore, takes six bytes. */
enum { KS_SHORT_ROW = 6 };

/* arguments.c: any arguments whatever; returns their digest. `is_again`: they were converted when the call was first
 * made. */
uint64_t ks_take_any(
    lua_State *L, const ks_function *function, ks_argument *arguments, unsigned char *rows, int is_again);
/* Packs a list of rows of plain integers, {{0, -1}, {1, 1}}, and returns how many bytes that takes; -1 for anything
 * else. */
int ks_pack_rows(lua_State *L, int index, const char *fields, unsigned char *to);
/* A call that waits may not see what the script does to its table meanwhile: the bytes take the table's place. */
void ks_keep_rows(lua_State *L, const ks_function *function, const ks_argument *arguments);
unsigned ks_strings_of(const ks_function *function);
/* Which of KS_TAKES_... a call is. */
int ks_signature_of(const ks_function *function);

KS_INLINE int take_integer(lua_State *L, int index, ks_argument *argument, uint64_t *digest) {
  if (!lua_isinteger(L, index)) return 0;
  argument->word = lua_tointegerx(L, index, NULL);
  argument->form = KS_WORD;
  argument->bytes = NULL;
  argument->count = 0;
  *digest = mix(*digest ^ (uint64_t)argument->word);
  return 1;
}

/* The same where `knows_slots`, and a string. */
KS_INLINE int take_slot(const ks_slot *slot, ks_argument *argument, uint64_t *digest) {
  if (slot->tag != KS_INTEGER_TAG) return 0;
  argument->word = slot->integer;
  argument->form = KS_WORD;
  argument->bytes = NULL;
  argument->count = 0;
  *digest = mix(*digest ^ (uint64_t)argument->word);
  return 1;
}

KS_INLINE int take_string_slot(
  lua_State *L, int index, const ks_slot *slot, ks_argument *argument, uint64_t *digest) {
  const char *bytes = slot->object + KS_BYTES_OFFSET;
  size_t length;
  if (slot->tag == KS_LONG_STRING_TAG) length = (size_t)ks_pointer_at(slot->object, KS_LONG_LENGTH_OFFSET);
  else if (slot->tag == KS_SHORT_STRING_TAG) length = (unsigned char)slot->object[KS_SHORT_LENGTH_OFFSET];
  else return 0;
  argument->bytes = bytes;
  argument->count = (int64_t)length;
  argument->form = KS_BYTES;
  argument->word = 0;
  *digest = mix(mix(*digest ^ digest_string(L, index, bytes, length)) ^ (uint64_t)length << 1);
  return 1;
}

/* What stands for an argument that was left out. */
KS_INLINE void omit(const ks_function *function, int position, ks_argument *arguments, uint64_t *digest) {
  ks_argument *argument = &arguments[position];
  argument->bytes = NULL;
  argument->count = 0;
  argument->form = function->forms[position];
  argument->word = function->defaults[position];
  *digest = mix(*digest ^ (uint64_t)argument->word);
}

/* As ks_can_suspend(), where `knows_slots`. */
KS_INLINE int can_suspend(lua_State *L) { return !ks_interpreter_of(L)->unsuspendable && ks_is_yieldable(L); }

/* As ks_take_any(), for what most calls come with: integers, strings to be written, numbers of bytes to be read.
 * Returns 0, and the work is that of the others, for anything else. */
KS_INLINE int take_plain(
    lua_State *L, const ks_function *function, ks_argument *arguments, uint64_t *digest) {
  int count = function->count;
  *digest = function->number;
  const ks_slot *slots = ks_first(L);
  if (ks_top(L) - slots != count) return 0;
  switch (function->signature) {
  case KS_TAKES_NOTHING: return 1;
  case KS_TAKES_INTEGERS:
    for (int index = 0; index < count; index++) if (!take_slot(&slots[index], &arguments[index], digest)) return 0;
    return 1;
  case KS_TAKES_INTEGER_AND_STRING:
    return take_slot(slots, arguments, digest) && take_string_slot(L, 2, slots + 1, arguments + 1, digest);
  default: return 0;
  }
}

/* The same for an integer and a list of rows. */
KS_INLINE int take_rows(
    lua_State *L, const ks_function *function, ks_argument *arguments, unsigned char *rows, uint64_t *digest) {
  *digest = function->number;
  if (lua_gettop(L) != 2 || !take_integer(L, 1, arguments, digest) || lua_type(L, 2) != LUA_TTABLE) return 0;
  int length = ks_pack_rows(L, 2, function->rows, rows);
  if (length < 0) return 0;
  arguments[1].word = 0;
  arguments[1].bytes = rows;
  arguments[1].count = length;
  arguments[1].form = KS_BYTES;
  *digest = mix(digest_bytes(*digest, rows, (size_t)length) ^ (uint64_t)length << 1);
  return 1;
}
