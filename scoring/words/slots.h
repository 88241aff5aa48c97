/* A slot for each of many hashes that are known beforehand, no two in one: who looks a hash up looks
   into one slot, and needs no jump that a processor could guess wrongly.

   "Hash, displace": the hashes are put into buckets, and each bucket, the largest first, tries moves
   until all its hashes have a slot of their own (Belazzougui, Botelho and Dietzfelbinger, "Hash,
   displace, and compress", ESA 2009). */

#ifndef SLOTS_H
#define SLOTS_H

#include <stdint.h>
#include <stdlib.h>

typedef struct {
  uint16_t *moves;  /* of each bucket */
  int bucket_shift; /* 64 less the bits of a bucket's number */
  int slot_shift;   /* the same of a slot's */
} slots;

/* 2^64 over the golden ratio (Knuth, TAOCP 6.4); and an odd number with bits all over. */
#define SPREAD 0x9E3779B97F4A7C15u
#define STIR 0x9FB21C651E98DF25u

#define HASHES_PER_BUCKET 4

static inline uint64_t bucket_of(const slots *of, uint64_t hash) {
  return hash * SPREAD >> of->bucket_shift;
}

static inline uint64_t moved(const slots *of, uint64_t hash, uint16_t move) {
  return (hash ^ move * STIR) * SPREAD >> of->slot_shift;
}

static inline uint64_t slot_of(const slots *of, uint64_t hash) {
  return moved(of, hash, of->moves[bucket_of(of, hash)]);
}

static uint64_t slots_count(const slots *of) { return (uint64_t)1 << (64 - of->slot_shift); }

/* 64 less the bits of the least power of two, of 2 on, that is not below a number. */
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

/* Whether this move puts all hashes of a bucket into free slots; they are taken then. */
static int fits(const slots *of, const uint64_t *hashes, int64_t size, uint16_t move,
                uint8_t *taken) {
  int64_t placed = 0;
  while (placed < size) {
    uint8_t *slot = &taken[moved(of, hashes[placed], move)];
    if (*slot) break;
    *slot = 1;
    placed++;
  }
  if (placed == size) return 1;
  while (placed--) taken[moved(of, hashes[placed], move)] = 0;
  return 0;
}

enum outcome { DONE, NO_MEMORY, SAME_HASH };

/* Slots for so many hashes, at most three quarters of them taken. SAME_HASH if two are equal. */
static enum outcome slots_new(slots *made, const uint64_t *hashes, int64_t count) {
  enum outcome outcome = NO_MEMORY;
  made->slot_shift = shift_for((uint64_t)count + (uint64_t)count / 3 + 1);
  made->bucket_shift = shift_for((uint64_t)count / HASHES_PER_BUCKET + 1);
  int64_t buckets = (int64_t)1 << (64 - made->bucket_shift);
  made->moves = calloc(buckets, sizeof *made->moves);
  bucket *order = calloc(buckets, sizeof *order);
  uint64_t *sorted = malloc((count + 1) * sizeof *sorted);
  uint8_t *taken = calloc(slots_count(made), 1);
  if (!made->moves || !order || !sorted || !taken) goto end;
  for (int64_t at = 0; at < count; at++) order[bucket_of(made, hashes[at])].size++;
  for (int64_t at = 0, first = 0; at < buckets; first += order[at++].size)
    order[at].bucket = at, order[at].first = first;
  for (int64_t at = 0; at < count; at++)
    sorted[order[bucket_of(made, hashes[at])].first++] = hashes[at];
  qsort(order, buckets, sizeof *order, larger_first);
  outcome = SAME_HASH;
  for (int64_t at = 0; at < buckets && order[at].size; at++) {
    const uint64_t *of_bucket = sorted + order[at].first - order[at].size;
    uint32_t move = 0;
    while (move <= UINT16_MAX && !fits(made, of_bucket, order[at].size, move, taken)) move++;
    /* Of different hashes one in ten tries fits at the least: these are equal. */
    if (move > UINT16_MAX) goto end;
    made->moves[order[at].bucket] = (uint16_t)move;
  }
  outcome = DONE;
end:
  free(order);
  free(sorted);
  free(taken);
  return outcome;
}

#endif
