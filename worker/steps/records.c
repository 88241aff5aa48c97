/* Finds where the records of a CSV end; worker/steps/record_ends.py loads this, where it was compiled, and
   says what is found. 64 bytes at a time: a bit of a number stands for each. */

#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "../../shared/bytes.h"

/* Which of 64 bytes are this one. */
#ifdef __SSE2__
static inline uint64_t which(const uint8_t *bytes, uint8_t one) {
  const __m128i all = _mm_set1_epi8((char)one);
  uint64_t found = 0;
  for (int each = 0; each < 64; each += 16) {
    __m128i some = _mm_loadu_si128((const __m128i *)(bytes + each));
    found |= (uint64_t)_mm_movemask_epi8(_mm_cmpeq_epi8(some, all)) << each;
  }
  return found;
}
#else
static inline uint64_t which(const uint8_t *bytes, uint8_t one) {
  uint64_t all = one * (uint64_t)0x0101010101010101, found = 0;
  for (int each = 0; each < 64; each += 8)
    found |= gathered(~not_zero(eight_bytes(bytes + each) ^ all)) << each;
  return found;
}
#endif

/* For each bit, whether so many bits up to and with it are set that their number is odd. */
static inline uint64_t odd_up_to(uint64_t bits) {
  for (int by = 1; by < 64; by *= 2) bits ^= bits << by;
  return bits;
}

static inline int64_t first_of(uint64_t bits) { return __builtin_ctzll(bits); }

/* Of content that begins with a record and has no NUL: how many bytes of it are whole records; 0 if
   none is. `count` is how many they are, or -1 if quotes or line ends are not where they belong;
   `last` is where the last of them ends. Blank lines are no records. Where each record ends is
   written to `ends`, unless that is NULL. */
int64_t records_look(const uint8_t *content, int64_t length, uint8_t delimiter, int64_t *count,
                     int64_t *last, int64_t *ends) {
  int64_t size = 0, begin = 0, odd = INT64_MAX; /* where the first odd thing is */
  uint64_t open = 0;                            /* whether a quote is open: all bits, or none */
  /* Of the byte before these: whether a quote may open behind it; whether it closes a cell; whether
     it is a CR outside of quotes. */
  uint64_t may_open = 1, closed = 0, returned = 0;
  *count = *last = 0;
  for (int64_t at = 0; at < length; at += 64) {
    uint8_t rest[64] = {0};
    const uint8_t *bytes = content + at;
    if (length - at < 64) bytes = memcpy(rest, bytes, length - at);
    uint64_t quotes = which(bytes, '"'), lines = which(bytes, '\n'), returns = which(bytes, '\r');
    uint64_t inside = odd_up_to(quotes) ^ open;
    open = 0 - (inside >> 63);
    uint64_t outside = lines & ~inside, opening = quotes & inside, closing = quotes & ~inside;
    uint64_t stray = returns & ~inside, marks = quotes | lines | which(bytes, delimiter);
    /* Quotes enclose whole cells, or are two in the place of one within such a cell; behind a CR
       that stands alone the csv module gives the line up, whatever quotes follow in it. */
    uint64_t wrong = opening & ~(marks << 1 | may_open);
    if (wrong && at + first_of(wrong) < odd) odd = at + first_of(wrong);
    wrong = ((closing << 1 | closed) & ~(marks | returns)) | ((stray << 1 | returned) & ~lines);
    if (wrong && at + first_of(wrong) - 1 < odd) odd = at + first_of(wrong) - 1;
    may_open = marks >> 63;
    closed = closing >> 63;
    returned = stray >> 63;
    for (; outside; outside &= outside - 1) {
      int64_t end = at + first_of(outside);
      int blank = begin == end || (begin + 1 == end && content[begin] == '\r');
      begin = size = end + 1;
      if (blank) continue;
      if (ends) ends[*count] = size;
      *last = size;
      ++*count;
    }
  }
  if (odd < size) *count = -1;
  return size;
}
