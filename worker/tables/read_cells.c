/* Reads the cells of a CSV into typed columns; worker/tables/typed_cells.py loads this if it was
   compiled. Judges nothing: it names the cells that are not plainly of their column's type. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cell_ends.h"
#include "numbers.h"
#include "spans.h"

/* The cells that are found before they are read: their bytes are in the first caches then. */
#define CELLS_AT_ONCE 2048

enum kind { SPAN, DOUBLE, LONG, WHOLE, BOOLEAN };

/* A cell of up to eight bytes, as a little-endian number, and its value. */
typedef struct {
  uint64_t cell;
  double value;
} word;

/* What is to be read of each record. */
typedef struct {
  int64_t index; /* of the cell in its record */
  int64_t kind;
  int64_t words; /* the number of words that have a value, such as those for a missing one */
  const word *word;
  void *values;  /* where to write: double (DOUBLE, WHOLE), int64_t (LONG, SPAN: begins), int8_t */
  int64_t *ends; /* SPAN: the ends */
} column;

static inline uint64_t as_word(const uint8_t *begin, int64_t length) {
  uint64_t cell = 0;
  for (int64_t at = 0; at < length; at++) cell |= (uint64_t)begin[at] << 8 * at;
  return cell;
}

/* Looks a cell up among the words of its column. */
static int find_word(const column *self, const uint8_t *begin, const uint8_t *end, double *value) {
  if (end - begin > 8) return 0;
  uint64_t cell = as_word(begin, end - begin);
  for (int64_t each = 0; each < self->words; each++) {
    if (self->word[each].cell != cell) continue;
    *value = self->word[each].value;
    return 1;
  }
  return 0;
}

/* Reads one cell; returns 0 if Python must decide what it is, and then writes what no row keeps. */
static inline int read_value(int64_t kind, const column *self, const uint8_t *begin,
                             const uint8_t *end, const uint8_t *limit, uint8_t decimal,
                             int64_t row) {
  double value;
  int64_t whole;
  int plain;
  if (kind == LONG) {
    plain = plain_long(begin, end, limit, decimal, &whole);
    ((int64_t *)self->values)[row] = plain ? whole : 0;
    return plain;
  }
  if (kind == BOOLEAN) {
    plain = find_word(self, begin, end, &value);
    ((int8_t *)self->values)[row] = plain ? (int8_t)value : -1;
    return plain;
  }
  if (kind == DOUBLE) {
    plain = plain_double(begin, end, limit, decimal, &value);
  } else {
    plain = plain_long(begin, end, limit, decimal, &whole) && whole <= EXACT_INTEGER &&
            whole >= -EXACT_INTEGER;
    if (plain) value = (double)whole;
  }
  plain = plain || find_word(self, begin, end, &value);
  ((double *)self->values)[row] = plain ? value : NAN;
  return plain;
}

/* A run of records whose cells were found: `ends` has the end of each cell, row after row, and
   `begins` the beginning of each record. */
typedef struct {
  int64_t rows, width;
  int64_t *begins, *ends;
} run;

/* A cell that Python must judge: its row, the number of its column, and its span. */
typedef struct {
  int64_t row, column, begin, end;
} odd_cell;

/* What a call writes besides the columns. */
typedef struct {
  uint8_t *extra; /* cells with quotes in them, each quote once */
  int64_t extra_length;
  odd_cell *odd;
  int64_t odds;
} notes;

/* Copies a quoted cell to `extra`, with each of its quotes once; sets `begin` and `end` to it. */
static void copy_quoted(const uint8_t *content, int64_t length, int64_t *begin, int64_t *end,
                        notes *noted) {
  int64_t copied = noted->extra_length;
  for (int64_t at = *begin; at < *end; at++) {
    noted->extra[noted->extra_length++] = content[at];
    at += content[at] == '"';
  }
  *begin = length + copied;
  *end = length + noted->extra_length;
}

/* Reads a column of a run; it is compiled for each kind, because `kind` is a constant. */
static inline __attribute__((always_inline)) void read_kind(
    int64_t kind, const uint8_t *content, int64_t length, const run *found, const column *self,
    int64_t number, int64_t first_row, uint8_t decimal, notes *noted) {
  int64_t index = self->index, width = found->width;
  for (int64_t each = 0; each < found->rows; each++) {
    int64_t row = first_row + each;
    const int64_t *ends = found->ends + each * width;
    int64_t begin = index ? ends[index - 1] + 1 : found->begins[each], end = ends[index];
    if (index == width - 1 && end > begin && content[end - 1] == '\r') end--;
    int quoted = end > begin && content[begin] == '"';
    if (quoted) begin++, end--;
    if (kind != SPAN) {
      const uint8_t *first = content + begin, *last = content + end;
      while (first < last && (*first == ' ' || *first == '\t')) first++;
      while (first < last && (last[-1] == ' ' || last[-1] == '\t')) last--;
      if (read_value(kind, self, first, last, content + length, decimal, row)) continue;
    }
    if (quoted && memchr(content + begin, '"', end - begin))
      copy_quoted(content, length, &begin, &end, noted);
    if (kind == SPAN) {
      ((int64_t *)self->values)[row] = begin;
      self->ends[row] = end;
    } else {
      noted->odd[noted->odds++] = (odd_cell){row, number, begin, end};
    }
  }
}

static void read_column(const uint8_t *content, int64_t length, const run *found, const column *self,
                        int64_t number, int64_t first_row, uint8_t decimal, notes *noted) {
#define READ(kind)                                                                          \
  case kind:                                                                                \
    read_kind(kind, content, length, found, self, number, first_row, decimal, noted); \
    break
  switch (self->kind) {
    READ(SPAN);
    READ(DOUBLE);
    READ(LONG);
    READ(WHOLE);
    READ(BOOLEAN);
  }
#undef READ
}

/* The number of line breaks from `begin` on: the most records that follow. */
int64_t cells_lines(const uint8_t *content, int64_t length, int64_t begin) {
  int64_t lines = 0;
  for (; length - begin >= 64; begin += 64) lines += __builtin_popcountll(which(content + begin, '\n'));
  for (; begin < length; begin++) lines += content[begin] == '\n';
  return lines;
}

/* Reads records from `begin` to before `stop`, as long as they are ordinary: `width` cells, quotes only
   where RFC 4180 allows them, at most `max_bytes`. Blank lines are passed over. There is no NUL before
   `stop`.

   `rows` has the number of rows that the columns have room for, and gets the number that was read.
   `extra` has `extra_length` bytes, and gets the cells that have quotes in them; a span beyond
   `length` means them. It has room for `length` bytes for each column that may be of the same cell.
   `odd` has room for `odds` cells, and gets those that are not plain; `odds` gets their number. If it
   has no room for all cells of one more record, reading ends.

   Returns the offset of the first record that was not read, -1 if memory is insufficient. */
int64_t cells_read(const uint8_t *content, int64_t length, int64_t begin, int64_t stop, uint8_t delimiter,
                   uint8_t decimal, int64_t max_bytes, int64_t width, const column *columns,
                   int64_t count, int64_t *rows, uint8_t *extra, int64_t *extra_length, odd_cell *odd,
                   int64_t *odds) {
  int64_t at_once = CELLS_AT_ONCE / width + 1, row = 0, size = begin, record = begin;
  int64_t *ends = malloc((size_t)(at_once * (width + 1)) * sizeof *ends);
  scan seen = {.content = content, .length = length, .delimiter = delimiter, .at = begin,
               .stop = stop, .may_open = 1};
  notes noted = {extra, *extra_length, odd, 0};
  int64_t base = 0; /* of the bits in seen.ends */
  int more = 1;
  if (!ends) return -1;
  while (more) {
    run found = {0, width, ends + at_once * width, ends};
    int64_t cell = 0;
    if (row + at_once > *rows) at_once = *rows - row;
    if (noted.odds + at_once * count > *odds) at_once = (*odds - noted.odds) / count;
    more = at_once > 0;
    while (more && found.rows < at_once) {
      while (!seen.ends && seen.at < length && seen.at <= seen.stop) {
        base = seen.at;
        look_on(&seen);
      }
      if (!seen.ends) {
        more = 0;
        break;
      }
      int64_t end = base + first_of(seen.ends);
      if (end >= seen.stop) {
        more = 0;
        break;
      }
      seen.ends &= seen.ends - 1;
      int is_line = content[end] == '\n';
      if (is_line && !cell && (end == record || (end == record + 1 && content[record] == '\r'))) {
        record = end + 1;
        if (!found.rows) size = record;
        continue;
      }
      ends[found.rows * width + cell++] = end;
      if (is_line != (cell == width) || end + 1 - record > max_bytes) {
        more = 0;
        break;
      }
      if (!is_line) continue;
      found.begins[found.rows++] = record;
      record = end + 1;
      cell = 0;
    }
    if (found.rows) size = found.ends[found.rows * width - 1] + 1;
    for (int64_t each = 0; each < count; each++)
      read_column(content, length, &found, &columns[each], each, row, decimal, &noted);
    row += found.rows;
  }
  free(ends);
  *rows = row;
  *extra_length = noted.extra_length;
  *odds = noted.odds;
  return size;
}

/* Copies the cells one after the other, with a NUL between two; returns the number of bytes. */
int64_t cells_gather(const spans *from, int64_t rows, uint8_t *to) {
  uint8_t *first = to;
  for (int64_t row = 0; row < rows; row++) {
    if (row) *to++ = 0;
    int64_t size = from->ends[row] - from->begins[row];
    memcpy(to, bytes_of(from, row), size);
    to += size;
  }
  return to - first;
}

/* What is found out about a text. */
enum text { OF_ASCII, BEYOND_ASCII, PERHAPS_BLANK };

/* Counts the characters of each text of a column. `kinds` gets what each is: one that may be blank has
   no character of ASCII but spaces, as Python knows them. Returns the largest count. */
int64_t texts_measure(const spans *texts, int64_t rows, int32_t *characters, uint8_t *kinds) {
  static const uint8_t SPACES[256] = {['\t'] = 1, ['\n'] = 1, ['\v'] = 1, ['\f'] = 1, ['\r'] = 1,
                                      [28] = 1,   [29] = 1,   [30] = 1,   [31] = 1,   [' '] = 1};
  int32_t most = 0;
  for (int64_t row = 0; row < rows; row++) {
    const uint8_t *text = bytes_of(texts, row);
    int64_t size = texts->ends[row] - texts->begins[row], at = 0;
    uint64_t all = 0;
    for (; size - at >= 8; at += 8) all |= eight_bytes(text + at);
    for (; at < size; at++) all |= text[at];
    int64_t count = size;
    if (all & 0x8080808080808080u)
      for (at = 0; at < size; at++) count -= (text[at] & 0xC0) == 0x80;
    for (at = 0; at < size && (text[at] >= 0x80 || SPACES[text[at]]); at++) {}
    kinds[row] = at == size ? PERHAPS_BLANK : count < size ? BEYOND_ASCII : OF_ASCII;
    characters[row] = (int32_t)count;
    if (characters[row] > most) most = characters[row];
  }
  return most;
}

static uint64_t hash_of(const uint8_t *bytes, int64_t size) {
  uint64_t hash = size;
  int64_t at = 0;
  for (; size - at >= 8; at += 8) {
    hash = (hash ^ eight_bytes(bytes + at)) * 0x9E3779B97F4A7C15u;
    hash ^= hash >> 32;
  }
  hash = (hash ^ as_word(bytes + at, size - at)) * 0x9E3779B97F4A7C15u;
  return hash ^ hash >> 32;
}

/* The slots of the table of different cells: twice as many as the most cells. */
#define SLOTS 2048

/* Numbers the different cells in the order of their first rows, which `firsts` gets; `codes` gets the
   number of each row's cell. Returns how many there are, -1 if there are more than SLOTS / 2. */
int64_t cells_code(const spans *from, int64_t rows, int32_t *codes, int64_t *firsts) {
  int32_t slots[SLOTS] = {0}; /* a number + 1 */
  int64_t count = 0;
  for (int64_t row = 0; row < rows; row++) {
    const uint8_t *bytes = bytes_of(from, row);
    int64_t size = from->ends[row] - from->begins[row];
    uint64_t slot = hash_of(bytes, size) % SLOTS;
    for (; slots[slot]; slot = (slot + 1) % SLOTS) {
      int64_t first = firsts[slots[slot] - 1];
      if (from->ends[first] - from->begins[first] == size && !memcmp(bytes_of(from, first), bytes, size))
        break;
    }
    if (!slots[slot]) {
      if (count == SLOTS / 2) return -1;
      firsts[count++] = row;
      slots[slot] = (int32_t)count;
    }
    codes[row] = slots[slot] - 1;
  }
  return count;
}
