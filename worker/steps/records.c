/* Finds where the records of a CSV end; worker/steps/record_ends.py loads this if it was compiled. */

#include <stdint.h>

#include "../tables/cell_ends.h"

/* Takes content that begins at the start of a record and has no NUL. Returns the number of bytes that
   are complete records; 0 if there is none. Sets `count` to the number of records, or to -1 if quotes
   or line ends are not where they belong, and `last` to the end of the last record. A blank line is
   not a record. Unless `ends` is NULL, writes the end of each record to it. */
int64_t records_look(const uint8_t *content, int64_t length, uint8_t delimiter, int64_t *count,
                     int64_t *last, int64_t *ends) {
  scan seen = {.content = content, .length = length, .delimiter = delimiter, .stop = INT64_MAX,
               .may_open = 1};
  int64_t size = 0, begin = 0;
  *count = *last = 0;
  while (seen.at < length) {
    int64_t base = seen.at;
    look_on(&seen);
    for (uint64_t lines = seen.lines; lines; lines &= lines - 1) {
      int64_t end = base + first_of(lines);
      int blank = begin == end || (begin + 1 == end && content[begin] == '\r');
      begin = size = end + 1;
      if (blank) continue;
      if (ends) ends[*count] = size;
      *last = size;
      ++*count;
    }
  }
  if (seen.stop < size) *count = -1;
  return size;
}
