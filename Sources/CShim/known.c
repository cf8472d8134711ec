/* How strings become known: when the same bytes come twice in a row, among those with the same place. One that is made
 * anew for each call, with other bytes, never does. */
#include "known.h"
#include <lauxlib.h>

uint64_t ks_meet_string(lua_State *L, int index, const void *bytes, size_t length) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  for (int place = 0; place < KS_KNOWN_STRINGS; place++) {
    const ks_known_string *known = &interpreter->known_strings[place];
    if (known->bytes != bytes) continue;
    interpreter->known_string = known;
    return known->digest;
  }
  uint64_t digest = digest_content(bytes, length);
  ks_known_string *place = &interpreter->known_strings[digest % KS_KNOWN_STRINGS];
  if (length > KS_LONGEST_KNOWN) return digest;
  if (place->digest != digest || place->length != length) {
    int comes_again = place->candidate == digest;
    place->candidate = digest;
    if (!comes_again) return digest;
    place->length = length;
    place->digest = digest;
  }
  /* Of several with the same bytes, the last is kept: it may well be the one that the script goes on with. */
  lua_pushvalue(L, index);
  lua_rawseti(L, LUA_REGISTRYINDEX, place->key);
  place->bytes = bytes;
  interpreter->known_string = place;
  return digest;
}

void ks_open_known_strings(lua_State *L) {
  ks_interpreter *interpreter = ks_interpreter_of(L);
  for (int place = 0; place < KS_KNOWN_STRINGS; place++) {
    lua_pushboolean(L, 0);
    interpreter->known_strings[place].key = luaL_ref(L, LUA_REGISTRYINDEX);
  }
  interpreter->known_string = interpreter->known_strings;
}
