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
   Sums run in the order of the columns, as in SciPy, so that rounding is the same. */
static inline __attribute__((always_inline)) int64_t decide(counter *self, int64_t texts,
                                                            int64_t cells, const linear *model,
                                                            const int single, double *decisions) {
  const double *by_count = model->by_count, *by_column = model->by_column;
  const int32_t *columns = self->cell_columns, *counts = self->cell_counts;
  double *weights = self->weights;
  int32_t largest = 0;
  if (!by_column) {
    for (int64_t cell = 0; cell < cells; cell++) weights[cell] = rounded(counts[cell], single);
  } else {
    for (int64_t cell = 0; cell < cells; cell++)
      if (counts[cell] > largest) largest = counts[cell];
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
      for (int64_t at = cell; at < self->cell_ends[text]; at++)
        sum += weights[at] * model->coefficients[columns[at]];
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
   possible: it is in the caches then, and a second table takes as long as all other steps. Of the `terms` largest effects
   of a text, by their size, `columns` and `effects` get the column and the effect, in descending
   order; of equal sizes the lower column comes first. Effects of 0 are left out, and the places
   that are left get NONE and 0. `others` gets the sum of all other effects, in the order of the
   columns; `chosen` the class. */
typedef struct {
  int64_t terms, classes;
  double sign;
  const double *coefficients, *intercepts;
  int32_t *columns;
  double *effects, *others;
  int32_t *chosen;
} explained;

/* Explain the texts from `first` to before `past`, a block whose weights `decide` has left. */
static inline __attribute__((always_inline)) void explain(counter *self, int64_t first,
                                                          int64_t past, const linear *model,
                                                          const explained *to,
                                                          const int64_t classes,
                                                          const double *decisions) {
  double *weights = self->weights;
  const int32_t *columns = self->cell_columns;
  int64_t terms = to->terms;
  for (int64_t text = first, cell = 0; text < past; text++) {
    int64_t end = self->cell_ends[text - first], best = 0, count = 0;
    for (int64_t each = 1; each < classes; each++) {
      const double *of_text = decisions + (text - first) * model->classes;
      if (of_text[each] + to->intercepts[each] > of_text[best] + to->intercepts[best]) best = each;
    }
    to->chosen[text] = (int32_t)best;
    int32_t *named = to->columns + text * terms;
    double *sizes = to->effects + text * terms; /* the effects themselves, in the end */
    const double *coefficients = to->coefficients + best;
    for (int64_t at = cell; at < end; at++)
      weights[at] *= to->sign * coefficients[columns[at] * classes];
    for (int64_t at = cell; at < end; at++) {
      double size = fabs(weights[at]);
      if (!(size > (count == terms ? sizes[terms - 1] : 0))) continue;
      int64_t place = count == terms ? terms - 1 : count++;
      for (; place && sizes[place - 1] < size; place--) {
        sizes[place] = sizes[place - 1];
        named[place] = named[place - 1];
      }
      sizes[place] = size;
      named[place] = (int32_t)(at - cell);
    }
    for (int64_t place = 0; place < count; place++) {
      int64_t at = cell + named[place];
      sizes[place] = weights[at];
      named[place] = columns[at];
      weights[at] = 0;
    }
    for (int64_t place = count; place < terms; place++) {
      sizes[place] = 0;
      named[place] = NONE;
    }
    double sum = 0;
    for (int64_t at = cell; at < end; at++) sum += weights[at];
    to->others[text] = sum;
    cell = end;
  }
}

#endif
