/* Checks UTF-8. shared/tables/utf8.py loads this if it was compiled. */

#include <stdint.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "../bytes.h"

static inline int continues(uint8_t byte) { return (byte & 0xc0) == 0x80; }

/* Returns the bytes of the character of several bytes that begins here; 0 if it is malformed or cut
   off. The bytes that may follow each other: The Unicode Standard, table 3-7. */
static inline int64_t character_length(const uint8_t *bytes, int64_t length) {
  uint8_t first = bytes[0];
  if (first < 0xc2 || first > 0xf4) return 0;
  if (first < 0xe0) return length > 1 && continues(bytes[1]) ? 2 : 0;
  if (length < 3 || !continues(bytes[1]) || !continues(bytes[2])) return 0;
  if (first < 0xf0) {
    int too_short = first == 0xe0 && bytes[1] < 0xa0, surrogate = first == 0xed && bytes[1] > 0x9f;
    return too_short || surrogate ? 0 : 3;
  }
  int too_short = first == 0xf0 && bytes[1] < 0x90, too_large = first == 0xf4 && bytes[1] > 0x8f;
  return length < 4 || !continues(bytes[3]) || too_short || too_large ? 0 : 4;
}

/* Returns the number of ASCII bytes at the beginning of `length` bytes. */
static inline int64_t ascii_length(const uint8_t *bytes, int64_t length) {
  int64_t size = 0;
  while (size + 8 <= length) {
    uint64_t found = eight_bytes(bytes + size) & HIGH;
    if (found) return size + __builtin_ctzll(found) / 8;
    size += 8;
#ifdef __SSE2__
    for (; size + 64 <= length; size += 64) {
      const __m128i *some = (const __m128i *)(bytes + size);
      __m128i all = _mm_or_si128(_mm_or_si128(_mm_loadu_si128(some), _mm_loadu_si128(some + 1)),
                                 _mm_or_si128(_mm_loadu_si128(some + 2), _mm_loadu_si128(some + 3)));
      if (_mm_movemask_epi8(all)) break;
    }
#endif
  }
  while (size < length && bytes[size] < 0x80) size++;
  return size;
}

/* Returns the end of the valid, whole characters from `at` on, where a character begins. */
int64_t utf8_whole(const uint8_t *content, int64_t length, int64_t at) {
  for (;;) {
    at += ascii_length(content + at, length - at);
    do {
      if (at == length) return at;
      int64_t size = character_length(content + at, length - at);
      if (!size) return at;
      at += size;
    } while (at < length && content[at] >= 0x80);
  }
}
