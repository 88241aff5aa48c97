/* Functions on 64 bytes at a time: in a 64-bit number, bit n stands for byte n of them. */

#ifndef BYTE_MASKS_H
#define BYTE_MASKS_H

#include <stdint.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "../../shared/bytes.h"

/* The bits of those of `count` bytes that equal `one`; a multiple of 16, up to 64. */
#ifdef __SSE2__
static inline uint64_t which_of(const uint8_t *bytes, int count, uint8_t one) {
  const __m128i all = _mm_set1_epi8((char)one);
  uint64_t found = 0;
  for (int each = 0; each < count; each += 16) {
    __m128i some = _mm_loadu_si128((const __m128i *)(bytes + each));
    found |= (uint64_t)_mm_movemask_epi8(_mm_cmpeq_epi8(some, all)) << each;
  }
  return found;
}
#else
static inline uint64_t which_of(const uint8_t *bytes, int count, uint8_t one) {
  uint64_t all = one * (uint64_t)0x0101010101010101, found = 0;
  for (int each = 0; each < count; each += 8)
    found |= gathered(~not_zero(eight_bytes(bytes + each) ^ all)) << each;
  return found;
}
#endif

/* The bits of those of 64 bytes that equal `one`. */
static inline uint64_t which(const uint8_t *bytes, uint8_t one) { return which_of(bytes, 64, one); }

/* Each bit of the result is the parity of the bits up to and including it (prefix XOR). So it tells
   for each byte whether it is inside of quotes, if the bits are those of the quotes. */
static inline uint64_t parity_up_to(uint64_t bits) {
  for (int by = 1; by < 64; by *= 2) bits ^= bits << by;
  return bits;
}

static inline int64_t first_of(uint64_t bits) { return __builtin_ctzll(bits); }

#endif
