/* Sorts the columns of a text into cells, each with its count. */

#ifndef CELLS_H
#define CELLS_H

#include <stdint.h>
#include <string.h>

/* Up to FEW columns are sorted by comparing each with all others, EACH at once. */
#define FEW 64
#define EACH 8

/* Sort columns: LSD radix sort by bytes (Knuth, TAOCP vol. 3, section 5.2.5). */
static void sort_columns(int32_t *columns, int32_t *spare, int64_t count) {
  int32_t *from = columns, *to = spare, largest = 0;
  for (int64_t at = 0; at < count; at++) largest |= columns[at];
  for (int shift = 0; shift < 32 && largest >> shift; shift += 8) {
    int64_t begins[257] = {0};
    for (int64_t at = 0; at < count; at++) begins[(from[at] >> shift & 255) + 1]++;
    for (int byte = 0; byte < 256; byte++) begins[byte + 1] += begins[byte];
    for (int64_t at = 0; at < count; at++) to[begins[from[at] >> shift & 255]++] = from[at];
    int32_t *other = from;
    from = to;
    to = other;
  }
  if (from != columns) memcpy(columns, from, count * sizeof *columns);
}

/* Turn the unsorted columns of a text into sorted cells; returns the number of cells written. Some
   cells may belong to no term and have the count 0. `columns` has room for EACH more entries. */
static int64_t put_cells(int32_t *columns, int64_t found, int32_t no_term, int32_t *cells,
                         int32_t *counts) {
  if (found <= FEW) {
    for (int each = 0; each < EACH; each++) columns[found + each] = INT32_MAX;
    for (int64_t at = 0; at < found; at++) cells[at] = no_term, counts[at] = 0;
    for (int64_t at = 0; at < found; at++) {
      /* The place of a column is the number of smaller columns. */
      int32_t place = 0, column = columns[at];
      for (int64_t other = 0; other < found; other += EACH)
        for (int each = 0; each < EACH; each++) place += columns[other + each] < column;
      cells[place] = column;
      counts[place]++;
    }
    return found;
  }
  sort_columns(columns, cells, found);
  int64_t distinct = 0;
  for (int64_t at = 0, same; at < found; at += same) {
    for (same = 1; at + same < found && columns[at + same] == columns[at]; same++);
    cells[distinct] = columns[at];
    counts[distinct++] = (int32_t)same;
  }
  return distinct;
}

#endif
