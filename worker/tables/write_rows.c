/* Writes result rows as CSV; worker/tables/written_rows.py loads this if it was compiled. Which cells
   need more than to be copied or quoted is only found here; Python writes those. */

#include <stdint.h>
#include <string.h>

#include "byte_masks.h"
#include "numbers.h"
#include "spans.h"

/* What has to be done with a cell. */
enum mark { COPY, QUOTE, PYTHON };

enum kind { SAME, SPANS, DIGITS, ROW_NUMBERS, CODES, DECIMALS };

/* A column of the result. */
typedef struct {
  int64_t kind;
  spans cells;          /* SPANS; CODES: the different cells, which are copied */
  const uint8_t *marks; /* SPANS: what is to be done with each cell; NULL: all are copied */
  const uint8_t *digits, *digits_end; /* DIGITS: JSON values with a comma or bracket after each;
                                         SAME: the bytes of every row, and 32 more */
  int64_t first;                      /* ROW_NUMBERS: the number of the first row */
  const int32_t *codes;               /* CODES: which of the cells each row has */
  const uint8_t *packed; /* CODES: PACKED bytes for each different cell: its size and its bytes, or
                            LONG if they are more */
  const int64_t *decimals; /* DECIMALS: the numbers times SCALE; of one that is OTHER the digits
                              are the next of `digits` */
} column;

enum { PACKED = 16, LONG = PACKED };

/* Numbers of at most twelve decimals are written from integers: a third of the time that it takes to
   find the digits of a double. */
#define SCALE 1000000000000
#define OTHER INT64_MIN

/* How many rows ahead a cell is fetched: there may be many different ones. */
#define AHEAD 8

/* Finds what has to be done with each cell of a column, by the rules of `csv_results.cell`. Returns
   the number of cells that are not just copied. */
int64_t rows_mark(const spans *cells, int64_t rows, uint8_t *marks) {
  static const uint8_t SPECIAL[256] = {['"'] = PYTHON, [','] = QUOTE, ['\r'] = QUOTE, ['\n'] = QUOTE};
  static const uint8_t FORMULA[256] = {['='] = 1, ['+'] = 1, ['-'] = 1,
                                       ['@'] = 1, ['\t'] = 1, ['\r'] = 1, ['\''] = 1};
  int64_t found = 0;
  for (int64_t row = 0; row < rows; row++) {
    const uint8_t *at = bytes_of(cells, row), *end = at + (cells->ends[row] - cells->begins[row]);
    uint8_t mark = COPY;
    double value;
    if (at < end && FORMULA[*at] && !plain_double(at, end, end, '.', &value)) mark = PYTHON;
    for (; at < end; at++) mark |= SPECIAL[*at]; /* QUOTE and PYTHON: PYTHON */
    marks[row] = mark;
    found += mark != COPY;
  }
  return found;
}

/* Copies bytes, 32 at once if so many can be read up to `limit`; `to` has room for 32 more. */
static inline uint8_t *copy(uint8_t *to, const uint8_t *from, int64_t size, const uint8_t *limit) {
  if (limit - from < 32) {
    memcpy(to, from, size);
  } else {
    memcpy(to, from, 32);
    if (size > 32) memcpy(to + 32, from + 32, size - 32);
  }
  return to + size;
}

static inline uint8_t *copy_span(const spans *cells, int64_t at, uint8_t *to) {
  const uint8_t *from = bytes_of(cells, at);
  int64_t begin = cells->begins[at], size = cells->ends[at] - begin;
  const uint8_t *limit = begin < cells->length ? cells->content + cells->length : from;
  return copy(to, from, size, limit);
}

static inline uint8_t *write_span(const column *self, int64_t row, uint8_t *to) {
  if (!self->marks || self->marks[row] == COPY) return copy_span(&self->cells, row, to);
  *to++ = '"';
  to = copy_span(&self->cells, row, to);
  *to++ = '"';
  return to;
}

static inline uint8_t *write_code(const column *self, int64_t row, int64_t rows, uint8_t *to) {
  if (row + AHEAD < rows) __builtin_prefetch(self->packed + PACKED * self->codes[row + AHEAD]);
  const uint8_t *cell = self->packed + PACKED * self->codes[row];
  if (*cell == LONG) return copy_span(&self->cells, self->codes[row], to);
  memcpy(to, cell + 1, PACKED - 1);
  return to + *cell;
}

/* Copies the next value; null becomes an empty cell. */
static inline uint8_t *write_digits(column *self, uint8_t *to) {
  const uint8_t *from = self->digits, *end = self->digits_end;
  if (*from == 'n') {
    self->digits += 5;
    return to;
  }
  if (end - from >= 32) {
    /* No number has more bytes. */
    uint64_t ends = which_of(from, 32, ',');
    memcpy(to, from, 32);
    if (ends) {
      int64_t size = first_of(ends);
      self->digits = from + size + 1;
      return to + size;
    }
  }
  while (*from != ',' && *from != ']') *to++ = *from++;
  self->digits = from + 1;
  return to;
}

static inline uint8_t *write_number(int64_t number, uint8_t *to) {
  uint8_t digits[20];
  int64_t size = 0;
  do digits[size++] = (uint8_t)('0' + number % 10);
  while (number /= 10);
  while (size) *to++ = digits[--size];
  return to;
}

/* Finds the numbers that have at most twelve decimals, and are 0 or of a size from 1e-5 to before
   1000, whose JSON has no exponent: `decimals` gets them times SCALE, and OTHER for all others.
   Returns the number of those. An integer of up to 15 digits divided by a power of ten that is exact
   is rounded correctly. So if it gives the number, the decimals read back as it; and they are the
   shortest that do, because no two decimals of up to 15 digits give one double. */
int64_t numbers_scale(const double *numbers, int64_t rows, int64_t *decimals) {
  const double integer = 6755399441055744.0; /* 1.5 * 2^52: a sum with it is rounded */
  int64_t others = 0;
  for (int64_t row = 0; row < rows; row++) {
    double number = numbers[row], size = number < 0 ? -number : number;
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    double scaled = size < 1e3 ? number * SCALE + integer - integer : 0;
    int is_one = !bits || (size >= 1e-5 && size < 1e3 && scaled / SCALE == number);
    decimals[row] = is_one ? (int64_t)scaled : OTHER;
    others += !is_one;
  }
  return others;
}

#define TEN(a) a "0" a "1" a "2" a "3" a "4" a "5" a "6" a "7" a "8" a "9"

/* Writes six digits, two at once. */
static inline uint8_t *write_six(uint32_t number, uint8_t *to) {
  static const char PAIRS[] = TEN("0") TEN("1") TEN("2") TEN("3") TEN("4") TEN("5") TEN("6") TEN("7")
      TEN("8") TEN("9");
  memcpy(to, PAIRS + 2 * (number / 10000), 2);
  memcpy(to + 2, PAIRS + 2 * (number / 100 % 100), 2);
  memcpy(to + 4, PAIRS + 2 * (number % 100), 2);
  return to + 6;
}

static inline uint8_t *write_decimals(column *self, int64_t row, uint8_t *to) {
  int64_t decimals = self->decimals[row];
  if (decimals == OTHER) return write_digits(self, to);
  if (decimals < 0) *to++ = '-';
  uint64_t scaled = (uint64_t)(decimals < 0 ? -decimals : decimals);
  uint64_t before = scaled / SCALE, after = scaled % SCALE;
  if (before < 10)
    *to++ = (uint8_t)('0' + before);
  else
    to = write_number((int64_t)before, to);
  *to++ = '.';
  to = write_six((uint32_t)(after / 1000000), to);
  to = write_six((uint32_t)(after % 1000000), to);
  while (to[-1] == '0' && to[-2] != '.') to--;
  return to;
}

/* Writes the rows of `count` columns, each with a line break. `to` has room for 32 bytes more than
   they need. Returns their number of bytes. */
int64_t rows_write(column *columns, int64_t count, int64_t rows, uint8_t *to) {
  const uint8_t *first = to;
  for (int64_t row = 0; row < rows; row++) {
    for (int64_t each = 0; each < count; each++) {
      column *self = &columns[each];
      if (each) *to++ = ',';
      if (self->kind == SAME)
        to = copy(to, self->digits, self->digits_end - self->digits, self->digits_end + 32);
      else if (self->kind == SPANS)
        to = write_span(self, row, to);
      else if (self->kind == CODES)
        to = write_code(self, row, rows, to);
      else if (self->kind == DECIMALS)
        to = write_decimals(self, row, to);
      else if (self->kind == DIGITS)
        to = write_digits(self, to);
      else if (self->kind == ROW_NUMBERS)
        to = write_number(self->first + row, to);
    }
    *to++ = '\n';
  }
  return to - first;
}
