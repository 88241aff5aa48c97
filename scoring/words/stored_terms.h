/* The tables of a counter as plain arrays: read out to be stored, and used where they are mapped. */

#ifndef STORED_TERMS_H
#define STORED_TERMS_H

#include "terms.h"

/* A slot table: its entries, and the displacements of its buckets. Both counts are powers of two. */
typedef struct {
  const void *entries;
  const uint16_t *moves;
  int64_t entry_count, move_count;
} stored_table;

/* Describe the tables of a counter: of its words first, then of each further level. `tables` has
   room for one per level; they point into the counter. Returns whether there are stop words. */
int64_t counter_tables(const counter *self, stored_table *tables) {
  for (int at = 0; at < self->levels; at++) {
    const slots *slots = at ? &self->level[at].slots : &self->slots;
    tables[at].entries = at ? (const void *)self->level[at].nodes : (const void *)self->words;
    tables[at].moves = slots->moves;
    tables[at].entry_count = (int64_t)slots_count(slots);
    tables[at].move_count = (int64_t)1 << (64 - slots->bucket_shift);
  }
  return self->stops;
}

static slots mapped_slots(const stored_table *table) {
  return (slots){(uint16_t *)table->moves, shift_for((uint64_t)table->move_count),
                 shift_for((uint64_t)table->entry_count)};
}

/* Make a counter that reads these tables where they are. The caller must keep all arrays alive;
   `bytes` must be followed by sixteen more readable bytes. */
enum outcome counter_mapped(counter **result, const uint8_t *bytes, const int64_t *ends, int stops,
                            int levels, const stored_table *tables, const uint8_t *lower,
                            const uint8_t *stays, int64_t shortest, int64_t width) {
  counter *self = *result = calloc(1, sizeof *self);
  if (!self) return NO_MEMORY;
  self->is_mapped = 1;
  set_texts(self, bytes, ends, lower, stays, shortest, width, levels);
  self->stops = stops;
  self->slots = mapped_slots(&tables[0]);
  self->words = (word *)tables[0].entries;
  self->level = calloc(levels, sizeof *self->level);
  if (!self->level) {
    counter_free(self);
    *result = NULL;
    return NO_MEMORY;
  }
  for (int at = 1; at < levels; at++)
    self->level[at] = (level){mapped_slots(&tables[at]), (node *)tables[at].entries};
  return DONE;
}

#endif
