/* Finds where the records of a CSV end; worker/steps/record_ends.py loads this if it was compiled. It
   takes 64 bytes at a time: in a 64-bit number, bit n stands for byte n of them. */

#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "../../shared/bytes.h"

/* The bits of those of 64 bytes that equal `one`. */
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

/* Each bit of the result is the parity of the bits up to and including it (prefix XOR). So it tells
   for each byte whether it is inside of quotes, if the bits are those of the quotes. */
static inline uint64_t parity_up_to(uint64_t bits) {
  for (int by = 1; by < 64; by *= 2) bits ^= bits << by;
  return bits;
}

static inline int64_t first_of(uint64_t bits) { return __builtin_ctzll(bits); }

/* Takes content that begins at the start of a record and has no NUL. Returns the number of bytes that
   are complete records; 0 if there is none. Sets `count` to the number of records, or to -1 if quotes
   or line ends are not where they belong, and `last` to the end of the last record. A blank line is
   not a record. Unless `ends` is NULL, writes the end of each record to it. */
int64_t records_look(const uint8_t *content, int64_t length, uint8_t delimiter, int64_t *count,
                     int64_t *last, int64_t *ends) {
  int64_t size = 0, begin = 0, first_wrong = INT64_MAX; /* the first byte that is wrong */
  uint64_t open = 0;                                    /* all bits set if a quote is open, else none */
  /* About the last byte of the 64 before: whether a quote may open after it, whether it is a closing
     quote, and whether it is a CR outside of quotes. */
  uint64_t may_open = 1, closed = 0, returned = 0;
  *count = *last = 0;
  for (int64_t at = 0; at < length; at += 64) {
    uint8_t rest[64] = {0};
    const uint8_t *bytes = content + at;
    if (length - at < 64) bytes = memcpy(rest, bytes, length - at);
    uint64_t quotes = which(bytes, '"'), lines = which(bytes, '\n'), returns = which(bytes, '\r');
    uint64_t inside = parity_up_to(quotes) ^ open;
    open = 0 - (inside >> 63);
    uint64_t outside = lines & ~inside, opening = quotes & inside, closing = quotes & ~inside;
    uint64_t stray = returns & ~inside, marks = quotes | lines | which(bytes, delimiter);
    /* Quotes must enclose whole cells, or be doubled within such a cell. After a CR without LF the
       csv module rejects the line, whatever quotes follow in it. */
    uint64_t wrong = opening & ~(marks << 1 | may_open);
    if (wrong && at + first_of(wrong) < first_wrong) first_wrong = at + first_of(wrong);
    wrong = ((closing << 1 | closed) & ~(marks | returns)) | ((stray << 1 | returned) & ~lines);
    if (wrong && at + first_of(wrong) - 1 < first_wrong) first_wrong = at + first_of(wrong) - 1;
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
  if (first_wrong < size) *count = -1;
  return size;
}
