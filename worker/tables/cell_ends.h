/* Finds where the cells of a CSV end, 64 bytes at a time. */

#ifndef CELL_ENDS_H
#define CELL_ENDS_H

#include <stdint.h>
#include <string.h>

#include "byte_masks.h"

/* A CSV, and what was found up to `at`. Begin with `at` at the beginning of a record, `may_open` 1 and
   `stop` INT64_MAX. */
typedef struct {
  const uint8_t *content;
  int64_t length;
  uint8_t delimiter;
  int64_t at;          /* the first byte that was not looked at */
  int64_t stop;        /* the first byte that is not as RFC 4180 wants it */
  uint64_t ends;       /* of the last 64 bytes, those that end a cell */
  uint64_t lines;      /* those that end a record */
  uint64_t open;       /* all bits set if a quote is open, else none */
  /* About the last byte: whether a quote may open after it, whether it is a closing quote, and
     whether it is a CR outside of quotes. */
  uint64_t may_open, closed, returned;
} scan;

/* Looks at the next 64 bytes. Bytes from `stop` on mean nothing. */
static inline void look_on(scan *self) {
  uint8_t rest[64] = {0};
  int64_t at = self->at, left = self->length - at;
  const uint8_t *bytes = self->content + at;
  if (left < 64) bytes = memcpy(rest, bytes, left);
  self->at += left < 64 ? left : 64;
  uint64_t quotes = which(bytes, '"'), lines = which(bytes, '\n'), returns = which(bytes, '\r');
  uint64_t inside = parity_up_to(quotes) ^ self->open, delimiters = which(bytes, self->delimiter);
  self->open = 0 - (inside >> 63);
  uint64_t opening = quotes & inside, closing = quotes & ~inside, stray = returns & ~inside;
  uint64_t marks = quotes | lines | delimiters;
  /* Quotes must enclose whole cells, or be doubled within such a cell. After a CR without LF the csv
     module rejects the line, whatever quotes follow in it. */
  uint64_t wrong = opening & ~(marks << 1 | self->may_open);
  if (wrong && at + first_of(wrong) < self->stop) self->stop = at + first_of(wrong);
  wrong = ((closing << 1 | self->closed) & ~(marks | returns)) | ((stray << 1 | self->returned) & ~lines);
  if (wrong && at + first_of(wrong) - 1 < self->stop) self->stop = at + first_of(wrong) - 1;
  self->may_open = marks >> 63;
  self->closed = closing >> 63;
  self->returned = stray >> 63;
  self->lines = lines & ~inside;
  self->ends = self->lines | (delimiters & ~inside);
}

#endif
