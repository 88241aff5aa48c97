/* Cuts texts into runs of characters, which are then looked up like words.

   scikit-learn's `_char_ngrams` and `_char_wb_ngrams` say what the runs are. A text beyond ASCII
   comes with its white space already in their form (`scoring/words/gram_bytes.py`), so only ASCII's
   is handled here. */

#ifndef GRAMS_H
#define GRAMS_H

#include <stdint.h>
#include <string.h>

#include "terms.h"

/* What str.isspace says of the ASCII characters. */
static inline int is_space(uint8_t byte) {
  return byte == ' ' || (byte >= 9 && byte <= 13) || (byte >= 28 && byte <= 31);
}

/* Copy a text in lower case, with one space for each run of two and more white spaces. */
static int64_t copy_text(const counter *self, const uint8_t *content, int64_t length,
                         uint8_t *text) {
  int64_t size = 0;
  for (int64_t at = 0; at < length; at++) {
    int space = is_space(content[at]);
    if (space && at && is_space(content[at - 1])) {
      text[size - 1] = ' ';
      continue;
    }
    text[size++] = self->lower[content[at]];
  }
  return size;
}

/* Copy the words of a text in lower case, with a space before, between and after them. */
static int64_t copy_words(const counter *self, const uint8_t *content, int64_t length,
                          uint8_t *text) {
  int64_t size = 1;
  text[0] = ' ';
  for (int64_t at = 0; at < length; at++) {
    if (!is_space(content[at]))
      text[size++] = self->lower[content[at]];
    else if (text[size - 1] != ' ')
      text[size++] = ' ';
  }
  if (text[size - 1] != ' ') text[size++] = ' ';
  return size;
}

/* Append the terms of a run of characters, a text or a word; returns the new number of tokens.
   `points` has the start of each character and one past the last. A word that is too short for a
   term is one itself. */
static int64_t run_grams(counter *self, const uint8_t *text, const int32_t *points,
                         int64_t characters, int64_t base, int64_t tokens) {
  for (int64_t size = self->least; size <= self->most; size++) {
    int64_t span = size;
    if (size >= characters) {
      if (size > characters && !self->inside) break;
      span = characters;
    }
    for (int64_t at = 0; at + span <= characters; at++) {
      int32_t start = points[at], bytes = points[at + span] - start;
      self->keys[tokens] = key_of_gram(text + start, bytes);
      self->starts[tokens] = (int32_t)base + start;
      self->lengths[tokens] = bytes;
      tokens++;
    }
    if (size >= characters) break;
  }
  return tokens;
}

/* Cut a text into terms and append them; returns the new number of tokens. `base` is the position
   of the text in the block, and `behind` the number of zero bytes that must follow it. */
static int64_t cut_grams(counter *self, const uint8_t *content, int64_t length, int64_t base,
                         int64_t tokens, int behind) {
  uint8_t *text = self->text + base;
  int32_t *points = self->points;
  int64_t size = self->inside ? copy_words(self, content, length, text)
                              : copy_text(self, content, length, text);
  memset(text + size, 0, behind);
  int64_t characters = 0;
  for (int64_t at = 0; at < size; at++) {
    points[characters] = (int32_t)at;
    characters += (text[at] & 0xC0) != 0x80;
  }
  points[characters] = (int32_t)size;
  if (!self->inside) return characters ? run_grams(self, text, points, characters, base, tokens) : tokens;
  /* Neighbouring words share the space between them. */
  for (int64_t first = 0, next = 1; next < characters; next++) {
    if (text[points[next]] != ' ') continue;
    tokens = run_grams(self, text, points + first, next - first + 1, base, tokens);
    first = next;
  }
  return tokens;
}

#endif
