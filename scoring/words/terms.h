/* The words and terms that a counter looks for, and the tables that it finds them by. */

#ifndef TERMS_H
#define TERMS_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../shared/bytes.h"
#include "slots.h"

/* A word: its bytes and their number, up to SHORT of them, or a hash of them. */
typedef struct {
  uint64_t head, tail;
} key;

/* What a key stands for: a word, and the column of the term that it is. */
typedef struct {
  key key;
  int32_t number, column;
} word;

/* The same of a pair of a node above and a word; it is a node itself. 0 is no pair. */
typedef struct {
  uint64_t key;
  int32_t number, column;
} node;

/* In the place of a number or a column: there is none. */
#define NONE (-1)
/* In the place of a column: a stop word. */
#define STOP (-2)

typedef struct {
  slots slots;
  node *nodes;
} level;

typedef struct {
  const uint8_t *bytes; /* of all words, behind each other */
  const int64_t *ends;  /* where each word ends in them */
  const uint8_t *lower; /* each byte as it is in a word, one below SIGNS, or 0 */
  const uint8_t *stays; /* a bit for each code point: whether it may be in a word */
  int64_t shortest;     /* characters of the shortest token */
  int32_t width;        /* the columns; this one is of no term */
  int signs, stops;     /* whether there are any */
  slots slots;
  word *words;
  int levels; /* words of the longest term */
  level *level;
  /* Scratch, for the texts of a block: their bytes by `lower`, */
  uint8_t *text;
  /* of each token its key, where it begins in `text`, its bytes, its number, and its node, */
  key *keys;
  int32_t *starts, *lengths, *numbers, *nodes;
  /* of each text the token behind its last one, and its cell behind the last one, */
  int64_t *token_ends, *cell_ends;
  /* the columns of the terms that end in each token, those of a level behind each other; those of
     one text; and of all texts in order, with how often they are there. */
  int32_t *found, *columns, *cell_columns, *cell_counts;
  double *weights;
  int64_t room, row_room;
} counter;

#define SHORT 15
/* In the tail of a longer word, in the place of its number of bytes. */
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

/* The key of a word of at least one byte. Up to sixteen bytes from its begin on are read. */
static inline key key_of(const uint8_t *bytes, int64_t length) {
  if (length > SHORT) return key_of_long(bytes, length);
  const key *mask = &MASKS[length];
  return (key){eight_bytes(bytes) & mask->head,
               (eight_bytes(bytes + 8) & mask->tail) | (uint64_t)length << 56};
}

static inline uint64_t hash_of(key of) {
  uint64_t hash = (of.head ^ of.tail * STIR) * SPREAD;
  return hash ^ hash >> 32;
}

static inline uint64_t pair_of(int32_t above, int32_t word) {
  return ((uint64_t)above << 32) + (uint64_t)word + 1;
}

static inline uint64_t hash_of_pair(uint64_t pair) { return pair * SPREAD; }

void counter_free(counter *made) {
  if (!made) return;
  free(made->slots.moves);
  free(made->words);
  for (int at = 0; made->level && at < made->levels; at++) {
    free(made->level[at].slots.moves);
    free(made->level[at].nodes);
  }
  free(made->level);
  free(made->text);
  free(made->keys);
  free(made->starts);
  free(made->lengths);
  free(made->numbers);
  free(made->nodes);
  free(made->token_ends);
  free(made->cell_ends);
  free(made->found);
  free(made->columns);
  free(made->cell_columns);
  free(made->cell_counts);
  free(made->weights);
  free(made);
}

static enum outcome put_words(counter *in, int64_t words, const uint8_t *stops,
                              const int64_t *columns) {
  key *keys = malloc((words + 1) * sizeof *keys);
  uint64_t *hashes = malloc((words + 1) * sizeof *hashes);
  enum outcome outcome = NO_MEMORY;
  if (!keys || !hashes) goto end;
  for (int64_t at = 0, begin = 0; at < words; begin = in->ends[at++]) {
    keys[at] = key_of(in->bytes + begin, in->ends[at] - begin);
    hashes[at] = hash_of(keys[at]);
  }
  if ((outcome = slots_new(&in->slots, hashes, words))) goto end;
  uint64_t count = slots_count(&in->slots);
  in->words = malloc(count * sizeof *in->words);
  outcome = in->words ? DONE : NO_MEMORY;
  for (uint64_t slot = 0; in->words && slot < count; slot++)
    in->words[slot] = (word){{0, 0}, NONE, NONE};
  for (int64_t at = 0; in->words && at < words; at++) {
    in->stops |= stops[at];
    int32_t column = stops[at] ? STOP : (int32_t)columns[at];
    in->words[slot_of(&in->slots, hashes[at])] = (word){keys[at], (int32_t)at, column};
  }
end:
  free(keys);
  free(hashes);
  return outcome;
}

static enum outcome put_nodes(level *in, int64_t nodes, const uint64_t *keys,
                              const int64_t *columns) {
  uint64_t *hashes = malloc((nodes + 1) * sizeof *hashes);
  enum outcome outcome = NO_MEMORY;
  if (!hashes) return outcome;
  for (int64_t at = 0; at < nodes; at++) hashes[at] = hash_of_pair(keys[at]);
  if ((outcome = slots_new(&in->slots, hashes, nodes))) goto end;
  uint64_t count = slots_count(&in->slots);
  in->nodes = malloc(count * sizeof *in->nodes);
  outcome = in->nodes ? DONE : NO_MEMORY;
  for (uint64_t slot = 0; in->nodes && slot < count; slot++)
    in->nodes[slot] = (node){0, NONE, NONE};
  for (int64_t at = 0; in->nodes && at < nodes; at++)
    in->nodes[slot_of(&in->slots, hashes[at])] = (node){keys[at], (int32_t)at, (int32_t)columns[at]};
end:
  free(hashes);
  return outcome;
}

/* Bytes below this one are signs, each a token by itself; 0 is in no token. */
#define SIGNS 32

/* A counter of these words and terms. It borrows the arrays, but the keys and columns. Behind the
   bytes of the words there are sixteen more. */
enum outcome counter_new(counter **made, int64_t words, const uint8_t *bytes, const int64_t *ends,
                         const uint8_t *stops, int levels, const int64_t *nodes,
                         const uint64_t *const *keys, const int64_t *const *columns,
                         const uint8_t *lower, const uint8_t *stays, int64_t shortest,
                         int64_t width) {
  counter *one = *made = calloc(1, sizeof *one);
  if (!one) return NO_MEMORY;
  one->bytes = bytes;
  one->ends = ends;
  one->lower = lower;
  one->stays = stays;
  one->shortest = shortest;
  one->width = (int32_t)width;
  one->levels = levels;
  for (int byte = 0; byte < 256; byte++) one->signs |= lower[byte] && lower[byte] < SIGNS;
  one->level = calloc(levels, sizeof *one->level);
  enum outcome outcome = one->level ? put_words(one, words, stops, columns[0]) : NO_MEMORY;
  for (int at = 1; !outcome && at < levels; at++)
    outcome = put_nodes(&one->level[at], nodes[at], keys[at], columns[at]);
  if (outcome) {
    counter_free(one);
    *made = NULL;
  }
  return outcome;
}

#endif
