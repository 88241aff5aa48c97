/* Trees of few leaves. `trees.c` includes this file once for each type of a code, with NAMED(name)
   as the name of a function for codes of the type CODE.

   A value is replaced by its code: the number of the column's thresholds that are less than it. It
   exceeds a threshold exactly if its code exceeds the threshold's number. Codes are small, so the
   compiler compares many rows by one instruction. All nodes of a tree are evaluated, from the
   leaves to the root, because that needs no jump: each gets the number of the leaf that a row
   reaches from there. */

/* The codes of `rows` rows from `start` on, column by column. */
static void NAMED(encode)(const small_trees *self, const matrix *source, int64_t start,
                          int64_t rows, CODE (*codes)[ROWS]) {
  double values[ROWS];
  int32_t feature = -1;
  for (int64_t each = 0; each < self->columns; each++) {
    const column *one = self->column + each;
    CODE *out = codes[each];
    if (one->feature != feature) {
      feature = one->feature;
      for (int64_t row = 0; row < rows; row++) values[row] = number_at(source, start + row, feature);
      for (int64_t row = rows; row < ROWS; row++) values[row] = 0;
    }
    if (one->categorical) {
      const uint8_t *table = self->categories + one->first;
      for (int64_t row = 0; row < ROWS; row++) {
        double value = values[row];
        /* A number outside the table, which also NaN is, counts as missing. */
        out[row] = value >= 0 && value < CATEGORIES ? table[(int)value] : (CODE)one->missing_right;
      }
      continue;
    }
    /* Binary search without jumps, of all rows at once. */
    const double *thresholds = self->thresholds + one->first;
    int32_t found[ROWS], step = 1;
    memset(found, 0, sizeof found);
    while (step <= one->thresholds / 2) step *= 2;
    /* The first step makes the rest a power of two. */
    int32_t rest = one->thresholds - step + 1;
    for (int64_t row = 0; row < ROWS; row++)
      found[row] += rest * (values[row] > thresholds[step - 1]);
    for (step /= 2; step; step /= 2)
      for (int64_t row = 0; row < ROWS; row++)
        found[row] += step * (values[row] > thresholds[found[row] + step - 1]);
    for (int64_t row = 0; row < ROWS; row++) {
      int missing = values[row] != values[row];
      out[row] = (CODE)(missing ? (one->missing_right ? one->thresholds : 0) : found[row]);
    }
  }
}

/* The numbers of the leaves that the rows of a block reach in one tree. `slots` begins with the
   number of each leaf, for all rows. */
static const CODE *NAMED(leaves)(const small_node *node, const small_node *end,
                                 CODE (*restrict codes)[ROWS], CODE (*slots)[ROWS],
                                 int64_t next) {
  if (node == end) return slots[0]; /* a tree of one leaf */
  for (; node < end; node++, next++) {
    const CODE *restrict value = codes[node->column];
    const CODE *restrict left = slots[node->left], *restrict right = slots[node->right];
    CODE *restrict out = slots[next], threshold = (CODE)node->threshold;
    for (int row = 0; row < ROWS; row++) {
      CODE goes_right = (CODE) - (value[row] > threshold);
      out[row] = (CODE)(left[row] ^ ((left[row] ^ right[row]) & goes_right));
    }
  }
  return slots[next - 1];
}

static int NAMED(add)(const small_trees *self, const matrix *source, int64_t rows, sums *out) {
  CODE (*codes)[ROWS] = malloc((size_t)(self->columns + 1) * sizeof *codes);
  CODE (*slots)[ROWS] = malloc((size_t)(2 * self->leaves) * sizeof *slots);
  double *total = malloc((size_t)(ROWS * self->outputs) * sizeof *total);
  int outcome = codes && slots && total ? 0 : 1;
  if (outcome) goto end;
  for (int64_t leaf = 0; leaf < self->leaves; leaf++)
    for (int row = 0; row < ROWS; row++) slots[leaf][row] = (CODE)leaf;
  for (int64_t start = 0; start < rows; start += ROWS) {
    int64_t here = rows - start < ROWS ? rows - start : ROWS;
    NAMED(encode)(self, source, start, here, codes);
    /* Sums stay apart by output, so that those of neighbouring rows are neighbours. */
    memset(total, 0, (size_t)(ROWS * self->outputs) * sizeof *total);
    for (int64_t row = 0; row < here; row++)
      for (int64_t each = 0; each < self->outputs; each++)
        total[each * ROWS + row] =
            out->values[(start + row) * out->row_step + each * out->sum_step];
    for (int64_t tree = 0; tree < self->trees; tree++) {
      const small_node *node = self->node + self->starts[tree];
      const small_node *stop = self->node + self->starts[tree + 1];
      const CODE *leaf = NAMED(leaves)(node, stop, codes, slots, self->leaves);
      const double *values = self->values + self->value_starts[tree];
      for (int64_t each = 0; each < self->width; each++) {
        double *restrict sum = total + (self->first_output[tree] + each) * ROWS;
        const double *restrict value = values + each;
        if (self->width == 1)
          for (int row = 0; row < ROWS; row++) sum[row] += value[leaf[row]];
        else
          for (int row = 0; row < ROWS; row++) sum[row] += value[leaf[row] * self->width];
      }
    }
    for (int64_t row = 0; row < here; row++)
      for (int64_t each = 0; each < self->outputs; each++)
        out->values[(start + row) * out->row_step + each * out->sum_step] =
            total[each * ROWS + row];
  }
end:
  free(codes);
  free(slots);
  free(total);
  return outcome;
}
