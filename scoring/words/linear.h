/* A linear model over weighted term counts: its decisions, and the terms that moved them most. */

#ifndef LINEAR_H
#define LINEAR_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "terms.h"

/* A linear model over weighted term counts.

   A term that occurs c times in a text has the weight by_count[c] * by_column[its column]; by_count
   has `counts` entries. The weights of a text are divided by their L2 norm (norm 2), their L1 norm
   (1) or nothing (0). The coefficients of a column, one per class, are adjacent. "No term" has the
   count 0 and the column `width`, for which every table holds 0. A NULL by_column belongs to hashed
   terms: their counts, which may be negative, are the weights. With `single`, weights are rounded
   to single precision after each step, as NumPy does. */
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

/* Compute the decisions for a block from its cells. Returns 0, or a count that is not in by_count.
   Sums run in the order of the columns, as in SciPy, so that rounding is the same. With `keeps`, and
   one class, the weights become the effects: weight times coefficient. */
static inline __attribute__((always_inline)) int64_t decide(counter *self, int64_t texts,
                                                            int64_t cells, const linear *model,
                                                            const int single, const int keeps,
                                                            double *decisions) {
  const double *by_count = model->by_count, *by_column = model->by_column;
  const int32_t *columns = self->cell_columns, *counts = self->cell_counts;
  double *weights = self->weights;
  int32_t largest = 0;
  if (!by_column) {
    for (int64_t cell = 0; cell < cells; cell++) weights[cell] = rounded(counts[cell], single);
  } else {
    /* The places in both tables are random: they are fetched before the first is read. */
    for (int64_t cell = 0; cell < cells; cell++) {
      if (counts[cell] > largest) largest = counts[cell];
      __builtin_prefetch(&by_column[columns[cell]]);
      __builtin_prefetch(&model->coefficients[columns[cell] * model->classes]);
    }
    if (largest >= model->counts) return largest;
    for (int64_t cell = 0; cell < cells; cell++)
      weights[cell] = rounded(by_count[counts[cell]] * by_column[columns[cell]], single);
  }
  int64_t classes = model->classes;
  /* First compute the norm of each text, stored in the place of its first decision. In a separate
     loop the sums of several texts overlap in the processor; each sum alone waits for its last
     addition. */
  for (int64_t text = 0, cell = 0; text < texts; text++) {
    double sum = 0;
    if (model->norm == 2)
      for (; cell < self->cell_ends[text]; cell++)
        sum += rounded(weights[cell] * weights[cell], single);
    else
      for (; cell < self->cell_ends[text]; cell++) sum += fabs(weights[cell]);
    double length = model->norm == 2 ? sqrt(sum) : model->norm == 1 ? sum : 1;
    decisions[text * classes] = length == 0 ? 1 : length;
  }
  for (int64_t text = 0, cell = 0; text < texts; cell = self->cell_ends[text++]) {
    double length = decisions[text * classes];
    for (int64_t at = cell; at < self->cell_ends[text]; at++)
      weights[at] = rounded(weights[at] / length, single);
    double *sums = decisions + text * classes;
    if (classes == 1) {
      double sum = 0;
      for (int64_t at = cell; at < self->cell_ends[text]; at++) {
        double effect = weights[at] * model->coefficients[columns[at]];
        sum += effect;
        if (keeps) weights[at] = effect;
      }
      *sums = sum;
      continue;
    }
    /* All classes of a column at a time: their coefficients are adjacent. */
    memset(sums, 0, classes * sizeof *sums);
    for (int64_t at = cell; at < self->cell_ends[text]; at++) {
      const double *of_column = model->coefficients + columns[at] * classes, weight = weights[at];
      for (int64_t each = 0; each < classes; each++) sums[each] += weight * of_column[each];
    }
  }
  return 0;
}

/* What explains the decisions of texts.

   The effect of a term on the explained number of a text is its weight times its coefficient. With
   one class there is one number; with several it is that of the class with the largest decision
   plus intercept, the first of equals. The coefficients of a column, one per class, are adjacent;
   `sign` (1 or -1) is a factor of all. They should be the table of the decisions where that is
   possible: it is in the caches then, and a second table takes as long as all other steps. Of the
   `terms` largest effects of a text, by their size, `columns` and `effects` get the column and the
   effect, in descending order; of equal sizes the lower column comes first. Effects of 0 are left
   out, and the places that are left get NONE and 0. Both have the first place of all texts, then
   the second, and so on; `texts` is the number of texts. `others` gets the sum of all other
   effects, in the order of the columns; `chosen` the class. Both are rounded. */
typedef struct {
  int64_t terms, texts, classes;
  double sign;
  const double *coefficients, *intercepts;
  int32_t *columns;
  double *effects, *others;
  int32_t *chosen;
} explained;

/* The size of an effect as a number that is compared like it: doubles of one sign are in the order of
   their bits. The size of NaN is 0, as it is no effect. */
static inline uint64_t size_of(double effect) {
  uint64_t bits;
  memcpy(&bits, &effect, sizeof bits);
  bits &= ~((uint64_t)1 << 63);
  return bits > (uint64_t)0x7FF << 52 ? 0 : bits;
}

/* As `rounded` in scoring/effects/top_effects.py. The sum with a large number has no more bits for
   what is behind the decimal point, and so rounds to the nearest even integer. */
static inline double to_decimals(double effect) {
  const double scale = 1e12, integer = 6755399441055744.0; /* 1.5 * 2^52 */
  double size = effect < 0 ? -effect : effect;
  if (!(size >= 1e-5 && size < 1e3)) return effect;
  return (effect * scale + integer - integer) / scale;
}

/* The most terms whose places are compiled as registers. */
#define FEW_TERMS 5

/* Finds the `terms` largest of `count` effects: their sizes in descending order, and their places. Of
   equal sizes the first comes first. The places after the last effect have the size 0.

   There is no branch that depends on a size, because the processor cannot predict those. */
static inline __attribute__((always_inline)) void find_largest(const double *effects, int64_t count,
                                                               const int64_t terms,
                                                               uint64_t *sizes, int64_t *places) {
  for (int64_t each = 0; each < terms; each++) sizes[each] = 0, places[each] = 0;
  for (int64_t at = 0; at < count; at++) {
    uint64_t size = size_of(effects[at]);
    for (int64_t each = terms - 1; each; each--) {
      int is_above = size > sizes[each - 1], is_here = size > sizes[each];
      uint64_t moved = is_above ? sizes[each - 1] : size;
      int64_t from = is_above ? places[each - 1] : at;
      sizes[each] = is_here ? moved : sizes[each];
      places[each] = is_here ? from : places[each];
    }
    int is_first = size > sizes[0];
    sizes[0] = is_first ? size : sizes[0];
    places[0] = is_first ? at : places[0];
  }
}

/* The most effects whose places have room in the lowest bits of a size. */
#define PLACES 64

/* As find_largest, for up to PLACES effects, in half of the time: a size and its place are one number.
   The lowest bits of the size have no room in it. Returns 0 if they may matter: nothing is found then. */
static inline __attribute__((always_inline)) int find_packed(const double *effects, int64_t count,
                                                             const int64_t terms, uint64_t *sizes,
                                                             int64_t *places) {
  /* One more than `terms`, to see whether the next one has the same upper bits. */
  uint64_t packed[FEW_TERMS + 1] = {0};
  int is_lost = 0;
  for (int64_t at = 0; at < count; at++) {
    uint64_t size = size_of(effects[at]);
    is_lost |= size - 1 < PLACES - 1;
    /* Of equal sizes the first is the largest number. */
    uint64_t one = (size & ~(uint64_t)(PLACES - 1)) | (uint64_t)(PLACES - 1 - at);
    for (int64_t each = 0; each <= terms; each++) {
      uint64_t larger = packed[each] > one ? packed[each] : one;
      one = packed[each] > one ? one : packed[each];
      packed[each] = larger;
    }
  }
  for (int64_t each = 0; each < terms; each++) {
    sizes[each] = packed[each] / PLACES;
    places[each] = PLACES - 1 - (int64_t)(packed[each] % PLACES);
    is_lost |= sizes[each] && sizes[each] == packed[each + 1] / PLACES;
  }
  return !is_lost;
}

/* As find_largest, for any number of terms: most effects are smaller than all that were found. */
static void find_many(const double *effects, int64_t count, int64_t terms, uint64_t *sizes,
                      int64_t *places) {
  for (int64_t each = 0; each < terms; each++) sizes[each] = 0;
  for (int64_t at = 0; at < count; at++) {
    uint64_t size = size_of(effects[at]);
    if (size <= sizes[terms - 1]) continue;
    int64_t place = terms - 1;
    for (; place && sizes[place - 1] < size; place--) {
      sizes[place] = sizes[place - 1];
      places[place] = places[place - 1];
    }
    sizes[place] = size;
    places[place] = at;
  }
}

/* The most terms of a text: MOST_TERMS in shared/jobs/added_outputs.py. */
#define MANY_TERMS 20

/* Explain the texts from `first` to before `past`, a block whose weights `decide` has left; with
   `kept` they are the effects, without the sign. */
static inline __attribute__((always_inline)) void explain(counter *self, int64_t first,
                                                          int64_t past, const linear *model,
                                                          const explained *to, const int kept,
                                                          const double *decisions) {
  double *weights = self->weights;
  const int32_t *columns = self->cell_columns;
  int64_t terms = to->terms, classes = to->classes;
  for (int64_t text = first, cell = 0, end; text < past; text++, cell = end) {
    uint64_t sizes[MANY_TERMS];
    int64_t places[MANY_TERMS], count = (end = self->cell_ends[text - first]) - cell, best = 0;
    double *effects = weights + cell;
    for (int64_t each = 1; each < classes; each++) {
      const double *of_text = decisions + (text - first) * model->classes;
      if (of_text[each] + to->intercepts[each] > of_text[best] + to->intercepts[best]) best = each;
    }
    to->chosen[text] = (int32_t)best;
    if (!kept)
      for (int64_t at = cell; at < end; at++)
        weights[at] *= to->coefficients[columns[at] * classes + best];
#define FIND(few)                                                                 \
  case few:                                                                       \
    if (count > PLACES || !find_packed(effects, count, few, sizes, places)) \
      find_largest(effects, count, few, sizes, places);                           \
    break
    switch (terms) {
      FIND(1);
      FIND(2);
      FIND(3);
      FIND(4);
      FIND(FEW_TERMS);
      default:
        find_many(effects, count, terms, sizes, places);
    }
#undef FIND
    for (int64_t each = 0; each < terms; each++) {
      int64_t at = each * to->texts + text;
      to->columns[at] = sizes[each] ? columns[cell + places[each]] : NONE;
      to->effects[at] = sizes[each] ? to_decimals(to->sign * effects[places[each]]) : 0;
    }
    for (int64_t each = 0; each < terms; each++)
      if (sizes[each]) effects[places[each]] = 0;
  }
  /* In a separate loop, as in `decide`. */
  for (int64_t text = first, cell = 0; text < past; text++) {
    double sum = 0;
    for (; cell < self->cell_ends[text - first]; cell++) sum += weights[cell];
    to->others[text] = to_decimals(to->sign * sum + 0.0); /* never -0 */
  }
}

#endif
