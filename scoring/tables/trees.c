/* Evaluates ensembles of decision trees for many rows. scoring/tables/compiled_trees.py loads this
   library if it was compiled.

   A mispredicted jump costs a processor as much as a dozen operations, and the way of a row through
   a tree is made of jumps that nothing predicts. So there is no jump that depends on a row, except
   one for each group of rows and tree. Trees of few leaves are evaluated by `small_trees.h`; in
   large trees, rows walk from node to node, several at a time, so that the processor has work while
   it waits for memory.

   Sums are formed in the order of the trees, without contraction (see hatch_build.py), so they are
   equal to scikit-learn's to the last bit. */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "trees.h"

/* The number of categories that a categorical split can tell apart. */
#define CATEGORIES 256

/* The rows of a block for small trees: what is known of them stays in the first cache. */
#define ROWS 128

typedef struct {
  int32_t column, threshold;
  int32_t left, right; /* slots: the number of a leaf, or `leaves` and the number of a node */
} small_node;

typedef struct {
  int64_t trees, columns, outputs;
  int64_t width;  /* how many values a leaf has */
  int64_t leaves; /* the number of leaves of the largest tree */
  int64_t wide;   /* whether codes need two bytes */
  const column *column;
  const double *thresholds;
  const uint8_t *categories;
  const int64_t *starts; /* the first node of each tree, and the end of the last */
  const small_node *node;
  const int64_t *value_starts; /* the position of the first value of each tree */
  const double *values;
  const int64_t *first_output; /* the sum that the first value of a tree's leaf is added to */
} small_trees;

#define CODE uint8_t
#define NAMED(name) name##_1
#include "small_trees.h"
#undef CODE
#undef NAMED
#define CODE uint16_t
#define NAMED(name) name##_2
#include "small_trees.h"

/* Add the values of all trees to the sums of each row. Returns 1 if memory is insufficient. */
int64_t trees_add_small(const small_trees *self, const matrix *source, int64_t rows, sums *out) {
  return self->wide ? add_2(self, source, rows, out) : add_1(self, source, rows, out);
}

/* The maximum rows of a block for large trees, and its maximum numbers. All trees are read for each
   block, and a forest is larger than the second cache: with 4,096 rows that took a tenth longer. */
#define BLOCK 16384
#define BLOCK_NUMBERS (1 << 21)

/* How many rows walk at a time. */
#define WALKERS 12

/* A node of a large tree. The right child follows the left one. */
typedef struct {
  union {
    float threshold;
    uint32_t leaf; /* the number of a leaf's values in the tree's table */
  };
  uint32_t place; /* the left child's position in the tree, and the column in the lowest bits */
} large_node;

/* Column 0 of a row is less than every number. A leaf compares it and is its own left child, so
   whoever has reached a leaf stays there, whatever the leaf's threshold. Feature f is column f + 1.
   In a block with missing values, nodes that send them to the right compare a second copy of the
   features, `bit` columns further on. */
typedef struct {
  int64_t trees, features, outputs, width;
  int64_t bits; /* the number of bits of `place` that hold the column; the highest is the copy's */
  const int64_t *starts;
  const large_node *node;
  const int64_t *value_starts;
  const double *values;
  const int64_t *first_output;
} large_trees;

/* Copy rows into a block, whose rows have room for both copies. Returns the number of columns of a
   row: with one copy, if no value is missing. */
static int64_t fill(const large_trees *self, const matrix *source, int64_t start, int64_t rows,
                    float *block) {
  int64_t features = self->features, copy = (int64_t)1 << (self->bits - 1);
  int missing = 0;
  for (int64_t row = 0; row < rows; row++)
    for (int64_t each = 0; each < features; each++)
      missing |= isnan(number_at(source, start + row, each));
  int64_t columns = missing ? copy + 1 + features : 1 + features;
  for (int64_t row = 0; row < rows; row++) {
    float *out = block + row * columns;
    out[0] = -INFINITY;
    for (int64_t each = 0; each < features; each++) {
      float value = (float)number_at(source, start + row, each);
      out[1 + each] = isnan(value) ? -INFINITY : value;
      if (missing) out[copy + 1 + each] = isnan(value) ? INFINITY : value;
    }
  }
  /* Walkers beyond the last row must stop at leaves too. */
  for (int64_t row = rows; row < rows + WALKERS; row++) {
    memset(block + row * columns, 0, (size_t)columns * sizeof *block);
    block[row * columns] = -INFINITY;
  }
  return columns;
}

int64_t trees_add_large(const large_trees *self, const matrix *source, int64_t rows, sums *out) {
  int64_t width = self->width, copy = (int64_t)1 << (self->bits - 1);
  int64_t room = copy + 1 + self->features, most = BLOCK_NUMBERS / room;
  if (most > BLOCK) most = BLOCK;
  if (most < WALKERS) most = WALKERS;
  float *block = malloc((size_t)((most + WALKERS) * room) * sizeof *block);
  if (!block) return 1;
  uint32_t shift = (uint32_t)self->bits;
  for (int64_t start = 0; start < rows; start += most) {
    int64_t here = rows - start < most ? rows - start : most;
    int64_t columns = fill(self, source, start, here, block);
    uint32_t mask = (uint32_t)(columns > copy ? 2 * copy - 1 : copy - 1);
    for (int64_t tree = 0; tree < self->trees; tree++) {
      const large_node *node = self->node + self->starts[tree];
      const double *values = self->values + self->value_starts[tree];
      for (int64_t first = 0; first < here; first += WALKERS) {
        const float *row = block + first * columns;
        uint32_t at[WALKERS] = {0}, moved;
        do {
          moved = 0;
          for (int each = 0; each < WALKERS; each++) {
            const large_node *now = node + at[each];
            uint32_t next = (now->place >> shift) +
                            (row[each * columns + (now->place & mask)] > now->threshold);
            moved |= next ^ at[each];
            at[each] = next;
          }
        } while (moved);
        int64_t walkers = here - first < WALKERS ? here - first : WALKERS;
        double *sum = out->values + (start + first) * out->row_step +
                      self->first_output[tree] * out->sum_step;
        for (int64_t each = 0; each < walkers; each++) {
          const double *value = values + node[at[each]].leaf * width;
          for (int64_t one = 0; one < width; one++)
            sum[each * out->row_step + one * out->sum_step] += value[one];
        }
      }
    }
  }
  free(block);
  return 0;
}
