/* Finds the words and word n-grams of many texts in one pass over their bytes, and either counts
   them or sums up a linear model's coefficients for them.

   scoring/words/compiled_words.py loads this library if it was compiled.
   scoring/words/word_counts.py describes what is counted, and scoring/words/word_arrays.py does the
   same by array operations.

   The texts are processed in blocks; a block goes through all steps before the next block starts. A
   mispredicted jump costs a processor as much as dozens of operations, so most steps have no jump
   that depends on the texts: words are cut with bit masks, looked up in one slot each, and sorted
   by counting. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cells.h"
#include "cut.h"
#include "hashes.h"
#include "linear.h"
#include "stored_terms.h"
#include "terms.h"

/* The maximum bytes of a block of several texts: its data, and what it reads of the tables, stay in the
   first caches. */
#define BLOCK 2048

/* A block of texts whose terms are characters has a part of that: each byte begins several terms. */
#define GRAM_BLOCK (BLOCK / 2)

/* Grow the scratch memory for a block of this size. Returns 0 if memory is insufficient. */
static int make_room(counter *self, int64_t bytes, int64_t texts) {
  void *grown;
#define GROW(array, count)                                                               \
  if (!(grown = realloc(self->array, (size_t)(count) * sizeof *self->array))) return 0; \
  self->array = grown
  if (!self->room || bytes > self->room) {
    int64_t room = bytes + bytes / 2 + 64;
    /* Each word and each text is followed by one more byte, so a block of b bytes has at most b / 2
       words, and each text adds one extra token. A block of several texts has at most BLOCK
       bytes. */
    int64_t tokens = (self->signs ? room : room / 2 + BLOCK) + 2, text_room = room;
    /* Of characters each begins a term of each size. A text gets two spaces and an extra token, and
       has one byte more in the block than its own. */
    if (self->most) {
      text_room = 2 * room + 2;
      tokens = text_room * (self->most - self->least + 1) + room + 2;
      GROW(points, text_room + 1);
    }
    if (self->hash_most) {
      GROW(joined, 2 * room + 2);
    }
    int64_t sizes = self->hash_most > self->levels ? self->hash_most : self->levels;
    int64_t cells = tokens * sizes + EACH;
    self->room = 0;
    GROW(text, text_room + BEHIND);
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
    self->room = room;
  }
  if (texts > self->row_room) {
    self->row_room = 0;
    GROW(token_ends, 2 * texts);
    GROW(cell_ends, 2 * texts);
    self->row_room = 2 * texts;
  }
#undef GROW
  return 1;
}

/* Whether a long token equals, byte by byte, the word with the same hash. */
static int is_word(const counter *self, int32_t number, int64_t token) {
  int64_t begin = number ? self->ends[number - 1] : 0, length = self->ends[number] - begin;
  return length == self->lengths[token] &&
         !memcmp(self->text + self->starts[token], self->bytes + begin, length);
}

/* Find the word of each token, and the column of the term of this one word. A table has some megabytes:
   it is read at random places, so all of them are fetched before the first is read. `found` holds the
   slots meanwhile. */
static void look_up(counter *self, int64_t tokens) {
  const slots slots = self->slots;
  for (int64_t token = 0; token < tokens; token++) {
    uint64_t slot = slot_of(&slots, hash_of(self->keys[token]));
    __builtin_prefetch(&self->words[slot]);
    self->found[token] = (int32_t)slot;
  }
  for (int64_t token = 0; token < tokens; token++) {
    key wanted = self->keys[token];
    const word *entry = &self->words[self->found[token]];
    /* All bits are set if the slot holds another word; OR with it turns a number into NONE. */
    uint64_t differing = (entry->key.head ^ wanted.head) | (entry->key.tail ^ wanted.tail);
    int32_t mismatch = -(int32_t)(differing != 0);
    if (wanted.tail & LONG && !mismatch && !is_word(self, entry->number, token)) mismatch = NONE;
    self->numbers[token] = entry->number | mismatch;
    self->found[token] = entry->column | mismatch;
  }
}

/* Count the words of each text, and those of them that the model knows: two numbers for each text.
   Stop words are known: the model leaves them out on purpose. Signs are no words. */
static void count_words(const counter *self, int64_t texts, int32_t *reach) {
  for (int64_t text = 0, token = 0; text < texts; text++) {
    int32_t words = 0, known = 0;
    for (; token < self->token_ends[text]; token++) {
      /* The first byte of a long word's key is one of a hash. */
      int32_t is_word = (self->keys[token].head & 255) >= SIGNS || self->keys[token].tail & LONG;
      words += is_word;
      known += is_word & (self->numbers[token] >= 0);
    }
    token++; /* the empty token after the text */
    reach[2 * text] = words;
    reach[2 * text + 1] = known;
  }
}

/* Remove the stop words, as if the texts did not hold them; returns the number of tokens left. */
static int64_t drop_stops(counter *self, int64_t texts) {
  int64_t kept = 0;
  for (int64_t text = 0, token = 0; text < texts; text++) {
    for (; token <= self->token_ends[text]; token++) {
      self->numbers[kept] = self->numbers[token];
      self->found[kept] = self->found[token];
      kept += self->found[token] != STOP;
    }
    self->token_ends[text] = kept - 1;
  }
  return kept;
}

/* The term so far at a token and the next word, or 0: that is no pair. */
static inline uint64_t pair_at(const counter *self, int64_t token, int at, int64_t tokens) {
  int32_t above = self->nodes[token];
  int32_t next = token + at < tokens ? self->numbers[token + at] : NONE;
  return (above | next) < 0 ? 0 : pair_of(above, next);
}

/* Find the columns of the terms of two and more words that start at each token. Each round extends
   the terms by one word. The table is read as in look_up. */
static void climb(counter *self, int64_t tokens) {
  memcpy(self->nodes, self->numbers, tokens * sizeof *self->nodes);
  for (int at = 1; at < self->levels; at++) {
    const level current = self->level[at];
    int32_t *found = self->found + at * tokens;
    for (int64_t token = 0; token < tokens; token++) {
      uint64_t pair = pair_at(self, token, at, tokens);
      uint64_t slot = slot_of(&current.slots, hash_of_pair(pair));
      __builtin_prefetch(&current.nodes[slot]);
      found[token] = (int32_t)slot;
    }
    for (int64_t token = 0; token < tokens; token++) {
      const node *entry = &current.nodes[found[token]];
      int32_t mismatch = -(int32_t)(entry->key != pair_at(self, token, at, tokens));
      self->nodes[token] = entry->number | mismatch;
      found[token] = entry->column | mismatch;
    }
  }
}

/* As find_cells, for terms that are hashed. */
static int64_t find_hashed(counter *self, const uint8_t *content, const int64_t *begins,
                           int64_t texts) {
  if (!make_room(self, begins[texts] - begins[0], texts)) return -1;
  int64_t tokens = cut_texts(self, content, begins, texts);
  if (self->stops) {
    look_up(self, tokens);
    drop_stop_words(self, texts);
  }
  int64_t cells = 0;
  for (int64_t text = 0, begin = 0; text < texts; begin = self->token_ends[text++] + 1) {
    int64_t found = hash_terms(self, begin, self->token_ends[text]);
    int32_t *columns = self->cell_columns + cells, *counts = self->cell_counts + cells;
    found = put_cells(self->columns, found, 0, columns, counts);
    cells += add_signs(self, columns, counts, found);
    self->cell_ends[text] = cells;
  }
  return cells;
}

/* Find the cells of the texts of a block; returns their number, or -1 if memory is insufficient.
   `reach` gets the counts of `count_words`, unless it is NULL. */
static int64_t find_cells(counter *self, const uint8_t *content, const int64_t *begins,
                          int64_t texts, int32_t *reach) {
  if (self->hash_most) return find_hashed(self, content, begins, texts);
  if (!make_room(self, begins[texts] - begins[0], texts)) return -1;
  int64_t tokens = cut_texts(self, content, begins, texts);
  look_up(self, tokens);
  if (reach) count_words(self, texts, reach);
  if (self->stops) tokens = drop_stops(self, texts);
  if (self->levels > 1) climb(self, tokens);
  int64_t cells = 0;
  for (int64_t text = 0, begin = 0; text < texts; begin = self->token_ends[text++] + 1) {
    int64_t found = 0;
    for (int at = 0; at < self->levels; at++)
      for (int64_t token = begin; token < self->token_ends[text]; token++) {
        int32_t column = self->found[at * tokens + token];
        self->columns[found] = column;
        found += column >= 0;
      }
    cells += put_cells(self->columns, found, self->width, self->cell_columns + cells,
                       self->cell_counts + cells);
    self->cell_ends[text] = cells;
  }
  return cells;
}

/* One past the last text of the block that starts with the text `first`. */
static int64_t block_end(const counter *self, const int64_t *begins, int64_t first,
                         int64_t texts) {
  int64_t past = first + 1, most = self->most ? GRAM_BLOCK : BLOCK;
  while (past < texts && begins[past + 1] - begins[first] <= most) past++;
  return past;
}

/* Find the start of each text, and one past the end of the last, in texts separated by zero bytes.
   Returns the number of texts, or -1 if there are more than `texts`. */
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

/* Count the terms of texts. Text n has the bytes begins[n] .. begins[n + 1] - 2. The cells are
   written to `rows`, `columns` and `times`, sorted by text and column; each array has `room`
   entries. Returns the number of cells, or -1 if memory or room is insufficient. */
int64_t counter_count(counter *self, const uint8_t *content, const int64_t *begins, int64_t texts,
                      int64_t room, int64_t *rows, int64_t *columns, int64_t *times) {
  int64_t written = 0;
  for (int64_t first = 0, past; first < texts; first = past) {
    past = block_end(self, begins, first, texts);
    int64_t cells = find_cells(self, content, begins + first, past - first, NULL);
    if (cells < 0 || written + cells >= room) return -1;
    for (int64_t text = first, cell = 0; text < past; text++)
      for (; cell < self->cell_ends[text - first]; cell++) {
        rows[written] = text;
        columns[written] = self->cell_columns[cell];
        times[written] = self->cell_counts[cell];
        written += self->cell_counts[cell] > 0 || self->hash_most;
      }
  }
  return written;
}

/* Compute a model's decisions for texts in the form of counter_count: one number per text and
   class. `reach` gets the counts of `count_words`, unless it is NULL. Returns 0 if all are written, a
   count that is not in by_count, or -1 if memory is insufficient. */
int64_t counter_decide(counter *self, const uint8_t *content, const int64_t *begins, int64_t texts,
                       const linear *model, int32_t *reach, double *decisions) {
  for (int64_t first = 0, past; first < texts; first = past) {
    past = block_end(self, begins, first, texts);
    int32_t *words = reach ? reach + 2 * first : NULL;
    int64_t cells = find_cells(self, content, begins + first, past - first, words), missing;
    if (cells < 0) return -1;
    double *of_block = decisions + first * model->classes;
    if (model->single)
      missing = decide(self, past - first, cells, model, 1, 0, of_block);
    else
      missing = decide(self, past - first, cells, model, 0, 0, of_block);
    if (missing) return missing;
  }
  return 0;
}

/* As counter_decide, and what moves the decision of each text most. The arrays that `explained`
   points to have room for all texts. */
int64_t counter_explain(counter *self, const uint8_t *content, const int64_t *begins, int64_t texts,
                        const linear *model, const explained *found, int32_t *reach,
                        double *decisions) {
  int keeps = model->classes == 1 && found->coefficients == model->coefficients;
  for (int64_t first = 0, past; first < texts; first = past) {
    past = block_end(self, begins, first, texts);
    int32_t *words = reach ? reach + 2 * first : NULL;
    int64_t cells = find_cells(self, content, begins + first, past - first, words), missing;
    if (cells < 0) return -1;
    double *of_block = decisions + first * model->classes;
    if (model->single)
      missing = decide(self, past - first, cells, model, 1, keeps, of_block);
    else
      missing = decide(self, past - first, cells, model, 0, keeps, of_block);
    if (missing) return missing;
    explain(self, first, past, model, found, keeps, of_block);
  }
  return 0;
}

/* Count the words of texts in the form of counter_count, and those that the model knows. Returns 0,
   or -1 if memory is insufficient. */
int64_t counter_reach(counter *self, const uint8_t *content, const int64_t *begins, int64_t texts,
                      int32_t *reach) {
  for (int64_t first = 0, past; first < texts; first = past) {
    past = block_end(self, begins, first, texts);
    if (!make_room(self, begins[past] - begins[first], past - first)) return -1;
    look_up(self, cut_texts(self, content, begins + first, past - first));
    count_words(self, past - first, reach + 2 * first);
  }
  return 0;
}

/* Replace n numbers by their sigmoids, 1 / (1 + e^-x), as SciPy's `expit` computes them. */
void sigmoids(double *numbers, int64_t count) {
  for (int64_t at = 0; at < count; at++) numbers[at] = 1 / (1 + exp(-numbers[at]));
}
