/* Cells as places in the bytes of a CSV; shared/tables/spans.py. */

#ifndef SPANS_H
#define SPANS_H

#include <stdint.h>

/* The bytes of a span: spans beyond the content mean `extra`. */
typedef struct {
  const uint8_t *content;
  int64_t length;
  const uint8_t *extra;
  const int64_t *begins, *ends;
} spans;

static inline const uint8_t *bytes_of(const spans *self, int64_t row) {
  int64_t begin = self->begins[row];
  return begin < self->length ? self->content + begin : self->extra + (begin - self->length);
}

#endif
