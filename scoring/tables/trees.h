/* What `trees.c` and `small_trees.h` share: the columns of a block of rows, and the trees' values. */

#ifndef TREES_H
#define TREES_H

#include <stdint.h>

/* A feature as the trees compare it. A feature with missing values has two columns: one in which
   they are larger than every threshold, and one in which they are smaller. A categorical split has
   a column of its own: 1 for the categories that go to the right. */
typedef struct {
  int32_t feature;
  int32_t missing_right;
  int64_t first;       /* the position of its first threshold, or of its table of categories */
  int32_t thresholds;  /* the number of thresholds */
  int32_t categorical; /* whether it has a table of categories instead */
} column;

typedef struct {
  const void *values; /* float64, or float32 if `single` */
  int64_t row_step, feature_step; /* in numbers, not bytes */
  int64_t single;
} matrix;

/* The sums of n rows: row r has its k-th sum at values[r * row_step + k * sum_step]. */
typedef struct {
  double *values;
  int64_t row_step, sum_step;
} sums;

static inline double number_at(const matrix *rows, int64_t row, int64_t feature) {
  int64_t at = row * rows->row_step + feature * rows->feature_step;
  return rows->single ? ((const float *)rows->values)[at] : ((const double *)rows->values)[at];
}

#endif
