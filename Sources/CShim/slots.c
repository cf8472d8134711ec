/* Whether Lua lays out its states and values as slots.h has it. */
#include "slots.h"

/* The last value of the stack. */
static const ks_slot *last(lua_State *L) { return ks_top(L) - 1; }

static int knows_stack(lua_State *L) {
  const lua_Integer integer = 0x0123456789abcdef;
  int count = lua_gettop(L);
  if (ks_top(L) - ks_first(L) != count) return 0;
  lua_pushinteger(L, integer);
  lua_pushnumber(L, 1);
  const ks_slot *top = ks_top(L);
  if (top - ks_first(L) != count + 2) return 0;
  return top[-2].integer == integer && top[-2].tag == KS_INTEGER_TAG && top[-1].tag != KS_INTEGER_TAG;
}

static int knows_strings(lua_State *L) {
  char text[100];
  for (size_t length = 1; length <= sizeof text; length += 33) {
    memset(text, 'a' + (int)length % 20, sizeof text);
    const char *bytes = lua_pushlstring(L, text, length);
    const ks_slot *slot = last(L);
    if (slot->object + KS_BYTES_OFFSET != bytes) return 0;
    int is_short = slot->tag == KS_SHORT_STRING_TAG;
    if (!is_short && slot->tag != KS_LONG_STRING_TAG) return 0;
    uint64_t told = is_short ? (unsigned char)slot->object[KS_SHORT_LENGTH_OFFSET]
                             : (uint64_t)(uintptr_t)ks_pointer_at(slot->object, KS_LONG_LENGTH_OFFSET);
    if (told != length) return 0;
  }
  return 1;
}

static int knows_tables(lua_State *L) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  uint32_t count;
  lua_createtable(L, 0, 0);
  if (last(L)->tag != KS_TABLE_TAG) return 0;
  interpreter->empty_hash = ks_pointer_at(last(L)->object, KS_HASH_OFFSET);
  lua_createtable(L, 3, 0);
  for (int value = 1; value <= 3; value++) {
    lua_pushinteger(L, 100 + value);
    lua_rawseti(L, -2, value);
  }
  const ks_slot *array = ks_sequence(interpreter, last(L), &count);
  if (!array || count != 3) return 0;
  for (int place = 0; place < 3; place++) {
    if (array[place].tag != KS_INTEGER_TAG || array[place].integer != 101 + place) return 0;
  }
  /* One with a name beside the values has more than its array. */
  lua_pushinteger(L, 1);
  lua_setfield(L, -2, "name");
  return ks_sequence(interpreter, last(L), &count) == NULL;
}

static int knows_depth(lua_State *L) {
  lua_State *thread = lua_newthread(L);
  return ks_is_yieldable(L) == lua_isyieldable(L) && ks_is_yieldable(thread) && lua_isyieldable(thread);
}

void ks_look_at_slots(lua_State *L) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  int top = lua_gettop(L);
  lua_checkstack(L, 16);
  interpreter->knows_slots =
    !interpreter->distrusts_slots && knows_stack(L) && knows_strings(L) && knows_tables(L) && knows_depth(L);
  lua_settop(L, top);
}
