/* Finds the words and word n-grams of many texts in one pass over their bytes; counts them, or sums
   up what a linear model gives for them.

   scoring/words/compiled_words.py loads this, where it was compiled; scoring/words/word_counts.py says what is
   counted, and scoring/words/word_arrays.py does the same by array operations.

   Some texts at a time, a block, go through one step after the other. What a processor guesses
   wrongly costs it as much as dozens of operations, so most steps have no jump that depends on the
   texts: words are cut by masks of bits, looked up in one slot each, and put in order by counting. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "terms.h"

/* So many bytes of texts are a block: what is known of them stays in the first caches. */
#define BLOCK 8192

/* So many columns are put in order by comparing each with each, EACH at once. */
#define FEW 64
#define EACH 8

/* Bytes of zeros behind each text. */
#define BEHIND 80

/* Scratch for a block of so many bytes and texts; whether there is memory for it. */
static int make_room(counter *with, int64_t bytes, int64_t texts) {
  void *made;
#define GROW(array, count)                                                               \
  if (!(made = realloc(with->array, (size_t)(count) * sizeof *with->array))) return 0; \
  with->array = made
  if (!with->room || bytes > with->room) {
    int64_t room = bytes + bytes / 2 + 64;
    /* A word has a byte behind it, and so has a text, which ends in one token more. A block of
       several texts is no larger than BLOCK. */
    int64_t tokens = (with->signs ? room : room / 2 + BLOCK) + 2;
    int64_t cells = tokens * with->levels + EACH;
    with->room = 0;
    GROW(text, room + BEHIND);
    GROW(keys, tokens);
    GROW(starts, tokens);
    GROW(lengths, tokens);
    GROW(numbers, tokens);
    GROW(nodes, tokens);
    GROW(found, cells);
    GROW(columns, cells);
    GROW(cell_columns, cells);
    GROW(cell_counts, cells);
    GROW(weights, cells);
    with->room = room;
  }
  if (texts > with->row_room) {
    with->row_room = 0;
    GROW(token_ends, 2 * texts);
    GROW(cell_ends, 2 * texts);
    with->row_room = 2 * texts;
  }
#undef GROW
  return 1;
}

/* The characters of a word of UTF-8. */
static int64_t characters_of(const uint8_t *word, int64_t length) {
  int64_t characters = 0;
  for (int64_t at = 0; at < length; at++) characters += (word[at] & 0xC0) != 0x80;
  return characters;
}

/* Put zeros where characters beyond ASCII are that are in no word. */
static void blank_symbols(uint8_t *text, int64_t length, const uint8_t *stays) {
  for (int64_t at = 0; at < length; at++) {
    if (text[at] < 0xC0) continue;
    /* RFC 3629, section 3: the lead byte carries 5, 4 or 3 bits, and each byte behind it 6. */
    int size = 2 + (text[at] >= 0xE0) + (text[at] >= 0xF0);
    uint32_t point = text[at] & (0x7F >> size);
    for (int behind = 1; behind < size; behind++) point = point << 6 | (text[at + behind] & 0x3F);
    if (point >= 0x110000 || !(stays[point >> 3] >> (point & 7) & 1)) memset(text + at, 0, size);
    at += size - 1;
  }
}

/* Cut a text, whose bytes have their place at `base`, into tokens, behind those there are; how many
   there are then. Compiled once for texts whose signs are tokens, and once for others. */
static inline __attribute__((always_inline)) int64_t cut(counter *with, const uint8_t *content,
                                                         int64_t length, int64_t base,
                                                         int64_t tokens, const int signs) {
  uint8_t *text = with->text + base, all = 0;
  const uint8_t *lower = with->lower;
  for (int64_t at = 0; at < length; at++) {
    all |= content[at];
    text[at] = lower[content[at]];
  }
  memset(text + length, 0, BEHIND);
  if (all >= 0x80) blank_symbols(text, length, with->stays);
  int64_t shortest = with->shortest;
  uint64_t before = 0; /* whether the byte before these is one of a word */
  for (int64_t at = 0; at < length; at += 64) {
    uint64_t in_word = 0, sign = 0;
    for (int each = 0; each < 64; each += 8) {
      uint64_t bytes = eight_bytes(text + at + each);
      uint64_t high = bytes | bytes << 1 | bytes << 2; /* in its highest bit: not below SIGNS */
      in_word |= gathered(high) << each;
      if (signs) sign |= gathered(not_zero(bytes) & ~high) << each;
    }
    uint64_t starts = (in_word & ~(in_word << 1 | before)) | sign;
    before = in_word >> 63;
    while (starts) {
      int bit = __builtin_ctzll(starts);
      starts &= starts - 1;
      uint64_t others = ~(in_word >> bit);
      int64_t start = at + bit, bytes = others ? __builtin_ctzll(others) : 64;
      if (bit + bytes >= 64)
        while (text[start + bytes] >= SIGNS) bytes++;
      if (signs) bytes += !bytes;
      int keep = bytes >= shortest;
      /* A character has four bytes at most. */
      if (all >= 0x80 && bytes < 4 * shortest)
        keep = characters_of(text + start, bytes) >= shortest;
      with->keys[tokens] = key_of(text + start, bytes);
      with->starts[tokens] = (int32_t)(base + start);
      with->lengths[tokens] = (int32_t)bytes;
      tokens += keep;
    }
  }
  return tokens;
}

/* Cut texts into tokens. Behind each text there is one that is no word: so no term reaches from one
   text into the next. How many tokens there are. */
static int64_t cut_texts(counter *with, const uint8_t *content, const int64_t *begins,
                         int64_t texts) {
  int64_t tokens = 0;
  for (int64_t at = 0; at < texts; at++) {
    int64_t base = begins[at] - begins[0], length = begins[at + 1] - 1 - begins[at];
    if (with->signs)
      tokens = cut(with, content + begins[at], length, base, tokens, 1);
    else
      tokens = cut(with, content + begins[at], length, base, tokens, 0);
    with->keys[tokens] = (key){0, 0};
    with->token_ends[at] = tokens++;
  }
  return tokens;
}

/* Whether a word that was found by its hash is the one that a token is. */
static int is_word(const counter *in, int32_t number, int64_t token) {
  int64_t begin = number ? in->ends[number - 1] : 0, length = in->ends[number] - begin;
  return length == in->lengths[token] &&
         !memcmp(in->text + in->starts[token], in->bytes + begin, length);
}

/* The word that each token is, and the column of its term. */
static void look_up(counter *with, int64_t tokens) {
  const slots slots = with->slots;
  for (int64_t token = 0; token < tokens; token++) {
    key of = with->keys[token];
    const word *one = &with->words[slot_of(&slots, hash_of(of))];
    /* All bits are set where it is another word: by that a number becomes NONE. */
    int32_t other = -(int32_t)(((one->key.head ^ of.head) | (one->key.tail ^ of.tail)) != 0);
    if (of.tail & LONG && !other && !is_word(with, one->number, token)) other = NONE;
    with->numbers[token] = one->number | other;
    with->found[token] = one->column | other;
  }
}

/* Take the stop words out, as if they were not in the texts; how many tokens are left. */
static int64_t drop_stops(counter *with, int64_t texts) {
  int64_t kept = 0;
  for (int64_t text = 0, token = 0; text < texts; text++) {
    for (; token <= with->token_ends[text]; token++) {
      with->numbers[kept] = with->numbers[token];
      with->found[kept] = with->found[token];
      kept += with->found[token] != STOP;
    }
    with->token_ends[text] = kept - 1;
  }
  return kept;
}

/* The columns of the terms of several words that begin with each token, longer by one each time. */
static void climb(counter *with, int64_t tokens) {
  memcpy(with->nodes, with->numbers, tokens * sizeof *with->nodes);
  for (int at = 1; at < with->levels; at++) {
    const level in = with->level[at];
    int32_t *found = with->found + at * tokens;
    for (int64_t token = 0; token < tokens; token++) {
      int32_t above = with->nodes[token];
      int32_t next = token + at < tokens ? with->numbers[token + at] : NONE;
      uint64_t pair = (above | next) < 0 ? 0 : pair_of(above, next);
      const node *one = &in.nodes[slot_of(&in.slots, hash_of_pair(pair))];
      int32_t other = -(int32_t)(one->key != pair);
      with->nodes[token] = one->number | other;
      found[token] = one->column | other;
    }
  }
}

/* Put columns in order, by one byte after the other. */
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

/* Write the cells of columns that are in no order; how many are written. Some may be of no term, with
   a count of 0. `columns` has room for EACH more. */
static int64_t put_cells(int32_t *columns, int64_t found, int32_t no_term, int32_t *cells,
                         int32_t *counts) {
  if (found <= FEW) {
    for (int each = 0; each < EACH; each++) columns[found + each] = INT32_MAX;
    for (int64_t at = 0; at < found; at++) cells[at] = no_term, counts[at] = 0;
    for (int64_t at = 0; at < found; at++) {
      /* The place of a column is how many are before it. */
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

/* The cells of a block's texts; how many there are, or -1 where memory is wanting. */
static int64_t find_cells(counter *with, const uint8_t *content, const int64_t *begins,
                          int64_t texts) {
  if (!make_room(with, begins[texts] - begins[0], texts)) return -1;
  int64_t tokens = cut_texts(with, content, begins, texts);
  look_up(with, tokens);
  if (with->stops) tokens = drop_stops(with, texts);
  if (with->levels > 1) climb(with, tokens);
  int64_t cells = 0;
  for (int64_t text = 0, begin = 0; text < texts; begin = with->token_ends[text++] + 1) {
    int64_t found = 0;
    for (int at = 0; at < with->levels; at++)
      for (int64_t token = begin; token < with->token_ends[text]; token++) {
        int32_t column = with->found[at * tokens + token];
        with->columns[found] = column;
        found += column >= 0;
      }
    cells += put_cells(with->columns, found, with->width, with->cell_columns + cells,
                       with->cell_counts + cells);
    with->cell_ends[text] = cells;
  }
  return cells;
}

/* The text behind the last one of the block that begins with a text. */
static int64_t block_end(const int64_t *begins, int64_t first, int64_t texts) {
  int64_t past = first + 1;
  while (past < texts && begins[past + 1] - begins[first] <= BLOCK) past++;
  return past;
}

/* Where each text begins, and where one behind the last would, in content with a 0 between two
   texts; how many there are, or -1 if these are more than `texts`. */
int64_t counter_begins(const uint8_t *content, int64_t length, int64_t texts, int64_t *begins) {
  const uint8_t *at = content, *end = content + length, *zero;
  int64_t found = 0;
  begins[found++] = 0;
  for (; (zero = memchr(at, 0, end - at)); at = zero + 1) {
    if (found == texts) return -1;
    begins[found++] = zero + 1 - content;
  }
  begins[found] = length + 1;
  return found;
}

/* Count the terms of texts. Text n has the bytes from begins[n] to before begins[n + 1] - 1. Cells
   are written to rows, columns and times, those of a text by column; `room` is how many fit. How
   many there are; -1 where memory is wanting, or room. */
int64_t counter_count(counter *with, const uint8_t *content, const int64_t *begins, int64_t texts,
                      int64_t room, int64_t *rows, int64_t *columns, int64_t *times) {
  int64_t written = 0;
  for (int64_t first = 0, past; first < texts; first = past) {
    past = block_end(begins, first, texts);
    int64_t cells = find_cells(with, content, begins + first, past - first);
    if (cells < 0 || written + cells >= room) return -1;
    for (int64_t text = first, cell = 0; text < past; text++)
      for (; cell < with->cell_ends[text - first]; cell++) {
        rows[written] = text;
        columns[written] = with->cell_columns[cell];
        times[written] = with->cell_counts[cell];
        written += with->cell_counts[cell] > 0;
      }
  }
  return written;
}

/* What a linear model does with what it finds.

   A term that is in a text c times weighs by_count[c], of `counts`, times by_column of its column.
   The weights of a text are divided by their length, by norm 2 or 1, or 0 for none. The coefficients
   of a column are behind each other. For no term, with its count of 0 and its column behind the
   last, there is 0 in each. With `single` the weights are made numbers of single precision, step by
   step as NumPy does. */
typedef struct {
  int64_t counts;
  const double *by_count, *by_column;
  int norm, single;
  int64_t classes;
  const double *coefficients;
} linear;

static inline double rounded(double number, int single) {
  return single ? (double)(float)number : number;
}

/* The decisions for a block, whose cells are there; 0, or a count that is not in by_count. The sums
   are made in the order of the columns, as SciPy makes them. */
static inline __attribute__((always_inline)) int64_t decide(counter *with, int64_t texts,
                                                            int64_t cells, const linear *model,
                                                            const int single, double *decisions) {
  const double *by_count = model->by_count, *by_column = model->by_column;
  const int32_t *columns = with->cell_columns, *counts = with->cell_counts;
  double *weights = with->weights;
  int32_t largest = 0;
  for (int64_t cell = 0; cell < cells; cell++)
    if (counts[cell] > largest) largest = counts[cell];
  if (largest >= model->counts) return largest;
  for (int64_t cell = 0; cell < cells; cell++)
    weights[cell] = rounded(by_count[counts[cell]] * by_column[columns[cell]], single);
  int64_t classes = model->classes;
  /* The length of each text first, in the place of a decision: a sum waits for itself, but several
     sums do not wait for each other where the loops are short. */
  for (int64_t text = 0, cell = 0; text < texts; text++) {
    double sum = 0;
    if (model->norm == 2)
      for (; cell < with->cell_ends[text]; cell++)
        sum += rounded(weights[cell] * weights[cell], single);
    else
      for (; cell < with->cell_ends[text]; cell++) sum += fabs(weights[cell]);
    double length = model->norm == 2 ? sqrt(sum) : model->norm == 1 ? sum : 1;
    decisions[text * classes] = length == 0 ? 1 : length;
  }
  for (int64_t text = 0, cell = 0; text < texts; cell = with->cell_ends[text++]) {
    double length = decisions[text * classes];
    for (int64_t at = cell; at < with->cell_ends[text]; at++)
      weights[at] = rounded(weights[at] / length, single);
    for (int64_t each = 0; each < classes; each++) {
      const double *of_class = model->coefficients + each;
      double sum = 0;
      for (int64_t at = cell; at < with->cell_ends[text]; at++)
        sum += weights[at] * of_class[columns[at] * classes];
      decisions[text * classes + each] = sum;
    }
  }
  return 0;
}

/* What a model decides of texts, as counter_count takes them: for each text a number of each class.
   0 when all are there; a count that is not in by_count; or -1 where memory is wanting. */
int64_t counter_decide(counter *with, const uint8_t *content, const int64_t *begins, int64_t texts,
                       const linear *model, double *decisions) {
  for (int64_t first = 0, past; first < texts; first = past) {
    past = block_end(begins, first, texts);
    int64_t cells = find_cells(with, content, begins + first, past - first), missing;
    if (cells < 0) return -1;
    double *of_block = decisions + first * model->classes;
    if (model->single)
      missing = decide(with, past - first, cells, model, 1, of_block);
    else
      missing = decide(with, past - first, cells, model, 0, of_block);
    if (missing) return missing;
  }
  return 0;
}
