/* Hashes the words and word n-grams of texts to columns, as scikit-learn's HashingVectorizer does. */

#ifndef HASHES_H
#define HASHES_H

#include <stdint.h>
#include <string.h>

#include "terms.h"

/* Let a counter hash terms of `least` to `most` words to `width` columns, at most 2^30. With
   `alternate`, half of the terms count -1; with `binary`, each column that is hit counts 1. */
void counter_hashes(counter *self, int least, int most, int alternate, int binary) {
  self->hash_least = least;
  self->hash_most = most;
  self->alternate = alternate;
  self->binary = binary;
}

static inline uint32_t turned(uint32_t number, int bits) {
  return number << bits | number >> (32 - bits);
}

static inline uint32_t four_bytes(const uint8_t *from) {
  return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 |
         (uint32_t)from[3] << 24; /* one load */
}

/* MurmurHash3_x86_32 with the seed 0 (Appleby, 2011, in the public domain). */
static uint32_t murmur(const uint8_t *bytes, int64_t length) {
  uint32_t hash = 0, left = 0;
  int64_t at = 0;
  for (; at + 4 <= length; at += 4) {
    hash ^= turned(four_bytes(bytes + at) * 0xcc9e2d51u, 15) * 0x1b873593u;
    hash = turned(hash, 13) * 5 + 0xe6546b64u;
  }
  for (int shift = 0; at < length; at++, shift += 8) left |= (uint32_t)bytes[at] << shift;
  hash ^= turned(left * 0xcc9e2d51u, 15) * 0x1b873593u;
  hash ^= (uint32_t)length;
  hash = (hash ^ hash >> 16) * 0x85ebca6bu;
  hash = (hash ^ hash >> 13) * 0xc2b2ae35u;
  return hash ^ hash >> 16;
}

/* Twice the column of a term, plus 1 if it counts -1. */
static inline int32_t signed_column(const counter *self, const uint8_t *bytes, int64_t length) {
  uint32_t hash = murmur(bytes, length), negative = hash >> 31;
  /* The absolute value of a 32-bit number; of the smallest, that of scikit-learn, which is equal. */
  uint32_t size = negative ? 0u - hash : hash, width = (uint32_t)self->width;
  uint32_t column = width & (width - 1) ? size % width : size & (width - 1);
  return (int32_t)(column << 1 | (negative & (uint32_t)self->alternate));
}

/* Remove the stop words, as if the texts did not hold them. */
static void drop_stop_words(counter *self, int64_t texts) {
  int64_t kept = 0;
  for (int64_t text = 0, token = 0; text < texts; text++) {
    for (; token <= self->token_ends[text]; token++) {
      self->starts[kept] = self->starts[token];
      self->lengths[kept] = self->lengths[token];
      kept += self->found[token] != STOP;
    }
    self->token_ends[text] = kept - 1;
  }
}

/* Write the signed columns of the terms from the token `begin` to before `end` to `columns`;
   returns their number. */
static int64_t hash_terms(counter *self, int64_t begin, int64_t end) {
  int64_t found = 0;
  int32_t *columns = self->columns;
  if (self->hash_most == 1) {
    for (int64_t token = begin; token < end; token++)
      columns[found++] =
          signed_column(self, self->text + self->starts[token], self->lengths[token]);
    return found;
  }
  for (int64_t first = begin; first < end; first++) {
    int64_t size = 0;
    for (int words = 1; words <= self->hash_most && first + words <= end; words++) {
      int64_t token = first + words - 1;
      if (size) self->joined[size++] = ' ';
      memcpy(self->joined + size, self->text + self->starts[token], self->lengths[token]);
      size += self->lengths[token];
      if (words >= self->hash_least) columns[found++] = signed_column(self, self->joined, size);
    }
  }
  return found;
}

/* Turn sorted cells of signed columns into cells of columns, and their counts into sums; returns the
   number of cells that are left. A sum may be 0, as in scikit-learn's matrix. */
static int64_t add_signs(const counter *self, int32_t *columns, int32_t *counts, int64_t cells) {
  int64_t kept = 0;
  for (int64_t at = 0; at < cells; at++) {
    if (!counts[at]) continue;
    int32_t column = columns[at] >> 1, sum = columns[at] & 1 ? -counts[at] : counts[at];
    if (kept && columns[kept - 1] == column) {
      counts[kept - 1] += sum;
    } else {
      columns[kept] = column;
      counts[kept++] = sum;
    }
  }
  if (self->binary)
    for (int64_t at = 0; at < kept; at++) counts[at] = 1;
  return kept;
}

#endif
