/* A perfect hash table: it gives each of a fixed set of hashes a slot of its own. A look-up reads
   one slot, and needs no conditional jump that a processor could mispredict.

   The method is "hash and displace" (Belazzougui, Botelho and Dietzfelbinger, "Hash, displace, and
   compress", ESA 2009): the hashes are put into buckets; each bucket, the largest first, tries one
   displacement after another until all its hashes fall into free slots. */

#ifndef SLOTS_H
#define SLOTS_H

#include <stdint.h>
#include <stdlib.h>

typedef struct {
  uint16_t *moves;  /* the displacement of each bucket */
  int bucket_shift; /* 64 minus the number of bits of a bucket's index */
  int slot_shift;   /* 64 minus the number of bits of a slot's index */
} slots;

/* 2^64 divided by the golden ratio (Fibonacci hashing; Knuth, TAOCP vol. 3, section 6.4), and an
   odd number with evenly spread bits. */
#define SPREAD 0x9E3779B97F4A7C15u
#define STIR 0x9FB21C651E98DF25u

#define HASHES_PER_BUCKET 4

static inline uint64_t bucket_of(const slots *table, uint64_t hash) {
  return hash * SPREAD >> table->bucket_shift;
}

static inline uint64_t displaced(const slots *table, uint64_t hash, uint16_t move) {
  return (hash ^ move * STIR) * SPREAD >> table->slot_shift;
}

static inline uint64_t slot_of(const slots *table, uint64_t hash) {
  return displaced(table, hash, table->moves[bucket_of(table, hash)]);
}

static uint64_t slots_count(const slots *table) { return (uint64_t)1 << (64 - table->slot_shift); }

/* 64 minus log2 of the smallest power of two, at least 2, that is not below `number`. */
static int shift_for(uint64_t number) {
  int bits = 1;
  while ((uint64_t)1 << bits < number) bits++;
  return 64 - bits;
}

typedef struct {
  int64_t bucket, size, first;
} bucket;

static int larger_first(const void *one, const void *other) {
  const bucket *a = one, *b = other;
  if (a->size != b->size) return a->size < b->size ? 1 : -1;
  return (a->bucket > b->bucket) - (a->bucket < b->bucket);
}

/* Whether this displacement puts all hashes of a bucket into free slots; marks the slots if so. */
static int fits(const slots *table, const uint64_t *hashes, int64_t size, uint16_t move,
                uint8_t *taken) {
  int64_t placed = 0;
  while (placed < size) {
    uint8_t *slot = &taken[displaced(table, hashes[placed], move)];
    if (*slot) break;
    *slot = 1;
    placed++;
  }
  if (placed == size) return 1;
  while (placed--) taken[displaced(table, hashes[placed], move)] = 0;
  return 0;
}

enum outcome { DONE, NO_MEMORY, SAME_HASH };

/* Make slots for `count` hashes; at most three quarters of the slots get taken. Returns SAME_HASH
   if two hashes are equal. */
static enum outcome slots_new(slots *table, const uint64_t *hashes, int64_t count) {
  enum outcome outcome = NO_MEMORY;
  table->slot_shift = shift_for((uint64_t)count + (uint64_t)count / 3 + 1);
  table->bucket_shift = shift_for((uint64_t)count / HASHES_PER_BUCKET + 1);
  int64_t buckets = (int64_t)1 << (64 - table->bucket_shift);
  table->moves = calloc(buckets, sizeof *table->moves);
  bucket *order = calloc(buckets, sizeof *order);
  uint64_t *sorted = malloc((count + 1) * sizeof *sorted);
  uint8_t *taken = calloc(slots_count(table), 1);
  if (!table->moves || !order || !sorted || !taken) goto end;
  for (int64_t at = 0; at < count; at++) order[bucket_of(table, hashes[at])].size++;
  for (int64_t at = 0, first = 0; at < buckets; first += order[at++].size)
    order[at].bucket = at, order[at].first = first;
  for (int64_t at = 0; at < count; at++)
    sorted[order[bucket_of(table, hashes[at])].first++] = hashes[at];
  qsort(order, buckets, sizeof *order, larger_first);
  outcome = SAME_HASH;
  for (int64_t at = 0; at < buckets && order[at].size; at++) {
    const uint64_t *bucket_hashes = sorted + order[at].first - order[at].size;
    uint32_t move = 0;
    while (move <= UINT16_MAX && !fits(table, bucket_hashes, order[at].size, move, taken)) move++;
    /* For distinct hashes at least one try in ten succeeds, so two of these must be equal. */
    if (move > UINT16_MAX) goto end;
    table->moves[order[at].bucket] = (uint16_t)move;
  }
  outcome = DONE;
end:
  free(order);
  free(sorted);
  free(taken);
  return outcome;
}

#endif
