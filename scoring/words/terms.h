/* The words and terms that a counter finds, and the tables for finding them. */

#ifndef TERMS_H
#define TERMS_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../shared/bytes.h"
#include "slots.h"

/* The key of a word: up to SHORT bytes and their number, or the hash of a longer word. */
typedef struct {
  uint64_t head, tail;
} key;

/* An entry of the word table: a word's key and number, and the column of the term of this word. */
typedef struct {
  key key;
  int32_t number, column;
} word;

/* An entry of a level of the trie: the key of the parent node and the word, the number of the node,
   and the column of the term that ends there. The key 0 is no pair. */
typedef struct {
  uint64_t key;
  int32_t number, column;
} node;

/* Instead of a number or a column: there is none. */
#define NONE (-1)
/* Instead of a column: the word is a stop word. */
#define STOP (-2)

typedef struct {
  slots slots;
  node *nodes;
} level;

typedef struct {
  const uint8_t *bytes; /* the bytes of all words, concatenated */
  const int64_t *ends;  /* the end of each word in `bytes` */
  const uint8_t *lower; /* maps a byte to its form in a word, to a sign (below SIGNS), or to 0 */
  const uint8_t *stays; /* one bit per code point: whether it may be in a token */
  int64_t shortest;     /* the minimum number of characters of a token */
  int32_t width;        /* the number of columns; as a column it means "no term" */
  int signs, stops;     /* whether there are signs, and stop words */
  int least, most;      /* the numbers of characters of a term; 0: terms are words */
  int inside;           /* terms of characters are inside words, each with a space on both sides */
  int hash_least, hash_most; /* the numbers of words of a hashed term; 0: terms are looked up */
  int alternate, binary;     /* see counter_hashes */
  int is_mapped;        /* the tables below belong to the caller, and are never freed */
  slots slots;
  word *words;
  int levels; /* the number of words of the longest term */
  level *level;
  /* Scratch memory for one block of texts. The bytes, translated by `lower`: */
  uint8_t *text;
  /* For each token its key, start in `text`, length in bytes, word number, and node: */
  key *keys;
  int32_t *starts, *lengths, *numbers, *nodes;
  int32_t *points; /* the start of each character of a text, if terms are characters */
  uint8_t *joined; /* the words of a hashed term, with spaces between them */
  /* For each text, one past its last token, and one past its last cell: */
  int64_t *token_ends, *cell_ends;
  /* The columns of the terms that start at each token, level after level; the columns of one text;
     and the columns and counts of the cells of all texts. */
  int32_t *found, *columns, *cell_columns, *cell_counts;
  double *weights;
  int64_t room, row_room;
} counter;

#define SHORT 15
/* Marks the key of a longer word: it replaces the number of bytes in the tail. */
#define LONG ((uint64_t)1 << 63)

#define BYTES(n) (~(uint64_t)0 >> (64 - 8 * (n)))
static const key MASKS[SHORT + 2] = {
    {0, 0}, {BYTES(1), 0}, {BYTES(2), 0}, {BYTES(3), 0}, {BYTES(4), 0}, {BYTES(5), 0},
    {BYTES(6), 0}, {BYTES(7), 0}, {BYTES(8), 0}, {BYTES(8), BYTES(1)}, {BYTES(8), BYTES(2)},
    {BYTES(8), BYTES(3)}, {BYTES(8), BYTES(4)}, {BYTES(8), BYTES(5)}, {BYTES(8), BYTES(6)},
    {BYTES(8), BYTES(7)}, {0, 0}};

static key key_of_long(const uint8_t *bytes, int64_t length) {
  uint64_t hash = (uint64_t)length;
  for (; length > 0; bytes += 8, length -= 8) {
    uint64_t next = eight_bytes(bytes);
    if (length < 8) next &= BYTES(length);
    hash = (hash ^ next) * STIR;
    hash ^= hash >> 32;
  }
  return (key){hash, LONG};
}

/* The key of a word of at least one byte. Reads sixteen bytes from its start. */
static inline key key_of(const uint8_t *bytes, int64_t length) {
  if (length > SHORT) return key_of_long(bytes, length);
  const key *mask = &MASKS[length];
  return (key){eight_bytes(bytes) & mask->head,
               (eight_bytes(bytes + 8) & mask->tail) | (uint64_t)length << 56};
}

/* The key of a term of characters, of at least one byte. The hash of a key has too little of the
   length alone: a word of seven letters with a + after it would have that of the word. */
static inline key key_of_gram(const uint8_t *bytes, int64_t length) {
  key found = key_of(bytes, length);
  if (length <= 8) found.tail |= (uint64_t)length;
  return found;
}

static inline uint64_t hash_of(key word) {
  uint64_t hash = (word.head ^ word.tail * STIR) * SPREAD;
  return hash ^ hash >> 32;
}

static inline uint64_t pair_of(int32_t above, int32_t word) {
  return ((uint64_t)above << 32) + (uint64_t)word + 1;
}

static inline uint64_t hash_of_pair(uint64_t pair) { return pair * SPREAD; }

void counter_free(counter *self) {
  if (!self) return;
  if (!self->is_mapped) {
    free(self->slots.moves);
    free(self->words);
    for (int at = 0; self->level && at < self->levels; at++) {
      free(self->level[at].slots.moves);
      free(self->level[at].nodes);
    }
  }
  free(self->level);
  free(self->text);
  free(self->keys);
  free(self->starts);
  free(self->lengths);
  free(self->numbers);
  free(self->nodes);
  free(self->points);
  free(self->joined);
  free(self->token_ends);
  free(self->cell_ends);
  free(self->found);
  free(self->columns);
  free(self->cell_columns);
  free(self->cell_counts);
  free(self->weights);
  free(self);
}

static enum outcome put_words(counter *self, int64_t words, const uint8_t *stops,
                              const int64_t *columns) {
  key *keys = malloc((words + 1) * sizeof *keys);
  uint64_t *hashes = malloc((words + 1) * sizeof *hashes);
  enum outcome outcome = NO_MEMORY;
  if (!keys || !hashes) goto end;
  for (int64_t at = 0, begin = 0; at < words; begin = self->ends[at++]) {
    const uint8_t *bytes = self->bytes + begin;
    int64_t length = self->ends[at] - begin;
    keys[at] = self->most ? key_of_gram(bytes, length) : key_of(bytes, length);
    hashes[at] = hash_of(keys[at]);
  }
  if ((outcome = slots_new(&self->slots, hashes, words))) goto end;
  uint64_t count = slots_count(&self->slots);
  self->words = malloc(count * sizeof *self->words);
  outcome = self->words ? DONE : NO_MEMORY;
  for (uint64_t slot = 0; self->words && slot < count; slot++)
    self->words[slot] = (word){{0, 0}, NONE, NONE};
  for (int64_t at = 0; self->words && at < words; at++) {
    self->stops |= stops[at];
    int32_t column = stops[at] ? STOP : (int32_t)columns[at];
    self->words[slot_of(&self->slots, hashes[at])] = (word){keys[at], (int32_t)at, column};
  }
end:
  free(keys);
  free(hashes);
  return outcome;
}

static enum outcome put_nodes(level *self, int64_t nodes, const uint64_t *keys,
                              const int64_t *columns) {
  uint64_t *hashes = malloc((nodes + 1) * sizeof *hashes);
  enum outcome outcome = NO_MEMORY;
  if (!hashes) return outcome;
  for (int64_t at = 0; at < nodes; at++) hashes[at] = hash_of_pair(keys[at]);
  if ((outcome = slots_new(&self->slots, hashes, nodes))) goto end;
  uint64_t count = slots_count(&self->slots);
  self->nodes = malloc(count * sizeof *self->nodes);
  outcome = self->nodes ? DONE : NO_MEMORY;
  for (uint64_t slot = 0; self->nodes && slot < count; slot++)
    self->nodes[slot] = (node){0, NONE, NONE};
  for (int64_t at = 0; self->nodes && at < nodes; at++)
    self->nodes[slot_of(&self->slots, hashes[at])] =
        (node){keys[at], (int32_t)at, (int32_t)columns[at]};
end:
  free(hashes);
  return outcome;
}

/* The bytes 1 .. SIGNS - 1 are signs, each a token by itself; 0 is in no token. */
#define SIGNS 32

static void set_texts(counter *self, const uint8_t *bytes, const int64_t *ends,
                      const uint8_t *lower, const uint8_t *stays, int64_t shortest, int64_t width,
                      int levels) {
  self->bytes = bytes;
  self->ends = ends;
  self->lower = lower;
  self->stays = stays;
  self->shortest = shortest;
  self->width = (int32_t)width;
  self->levels = levels;
  for (int byte = 0; byte < 256; byte++) self->signs |= lower[byte] && lower[byte] < SIGNS;
}

/* Let a counter find terms of `least` to `most` characters; see `counter`. */
void counter_grams(counter *self, int least, int most, int inside) {
  self->least = least;
  self->most = most;
  self->inside = inside;
  if (most) self->signs = 0;
}

/* Make a counter of these words and terms, of `least` to `most` characters if these are not 0. It keeps
   pointers to the arrays except `nodes`, `keys` and `columns`, so the caller must keep those alive.
   `bytes` must be followed by sixteen more readable bytes. */
enum outcome counter_new(counter **result, int64_t words, const uint8_t *bytes, const int64_t *ends,
                         const uint8_t *stops, int levels, const int64_t *nodes,
                         const uint64_t *const *keys, const int64_t *const *columns,
                         const uint8_t *lower, const uint8_t *stays, int64_t shortest,
                         int64_t width, int least, int most, int inside) {
  counter *self = *result = calloc(1, sizeof *self);
  if (!self) return NO_MEMORY;
  set_texts(self, bytes, ends, lower, stays, shortest, width, levels);
  counter_grams(self, least, most, inside);
  self->level = calloc(levels, sizeof *self->level);
  enum outcome outcome = self->level ? put_words(self, words, stops, columns[0]) : NO_MEMORY;
  for (int at = 1; !outcome && at < levels; at++)
    outcome = put_nodes(&self->level[at], nodes[at], keys[at], columns[at]);
  if (outcome) {
    counter_free(self);
    *result = NULL;
  }
  return outcome;
}

#endif
