/* Functions on eight bytes at a time. */

#ifndef BYTES_H
#define BYTES_H

#include <stdint.h>

/* The highest bit of each of eight bytes. */
#define HIGH 0x8080808080808080u

static inline uint64_t eight_bytes(const uint8_t *from) {
  uint64_t bytes = 0;
  for (int at = 0; at < 8; at++) bytes |= (uint64_t)from[at] << 8 * at; /* one load */
  return bytes;
}

/* The highest bits of eight bytes as one byte; the first byte gives the lowest bit. */
static inline uint64_t gathered(uint64_t bytes) {
  return ((bytes & HIGH) * 0x0002040810204081u) >> 56;
}

/* The highest bit of each byte of the result tells whether that byte was not 0. */
static inline uint64_t not_zero(uint64_t bytes) {
  return ((bytes & ~HIGH) + ~HIGH) | bytes;
}

#endif
