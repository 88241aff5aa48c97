/* Cuts texts into tokens: words and signs, or terms of characters. */

#ifndef CUT_H
#define CUT_H

#include <stdint.h>
#include <string.h>

#include "grams.h"
#include "terms.h"

/* The number of zero bytes after each text. */
#define BEHIND 80

/* The number of characters of a word in UTF-8. */
static int64_t characters_of(const uint8_t *word, int64_t length) {
  int64_t characters = 0;
  for (int64_t at = 0; at < length; at++) characters += (word[at] & 0xC0) != 0x80;
  return characters;
}

/* Overwrite characters beyond ASCII that are in no token with zeros. */
static void blank_symbols(uint8_t *text, int64_t length, const uint8_t *stays) {
  for (int64_t at = 0; at < length; at++) {
    if (text[at] < 0xC0) continue;
    /* RFC 3629, section 3: the lead byte holds 5, 4 or 3 bits, each continuation byte 6. */
    int size = 2 + (text[at] >= 0xE0) + (text[at] >= 0xF0);
    uint32_t point = text[at] & (0x7F >> size);
    for (int next = 1; next < size; next++) point = point << 6 | (text[at + next] & 0x3F);
    if (point >= 0x110000 || !(stays[point >> 3] >> (point & 7) & 1)) memset(text + at, 0, size);
    at += size - 1;
  }
}

/* Cut a text into tokens and append them; returns the new number of tokens. `base` is the position
   of the text in the block. The compiler makes two versions, with and without signs as tokens. */
static inline __attribute__((always_inline)) int64_t cut(counter *self, const uint8_t *content,
                                                         int64_t length, int64_t base,
                                                         int64_t tokens, const int signs) {
  uint8_t *text = self->text + base, all = 0;
  const uint8_t *lower = self->lower;
  for (int64_t at = 0; at < length; at++) {
    all |= content[at];
    text[at] = lower[content[at]];
  }
  memset(text + length, 0, BEHIND);
  if (all >= 0x80) blank_symbols(text, length, self->stays);
  int64_t shortest = self->shortest;
  uint64_t before = 0; /* whether the byte before these 64 is inside a word */
  for (int64_t at = 0; at < length; at += 64) {
    uint64_t in_word = 0, sign = 0;
    for (int each = 0; each < 64; each += 8) {
      uint64_t bytes = eight_bytes(text + at + each);
      uint64_t high = bytes | bytes << 1 | bytes << 2; /* highest bit of a byte: it is >= SIGNS */
      in_word |= gathered(high) << each;
      if (signs) sign |= gathered(not_zero(bytes) & ~high) << each;
    }
    uint64_t starts = (in_word & ~(in_word << 1 | before)) | sign;
    before = in_word >> 63;
    while (starts) {
      int bit = __builtin_ctzll(starts);
      starts &= starts - 1;
      uint64_t others = ~(in_word >> bit);
      int64_t start = at + bit, bytes = others ? __builtin_ctzll(others) : 64;
      if (bit + bytes >= 64)
        while (text[start + bytes] >= SIGNS) bytes++;
      if (signs) bytes += !bytes;
      int keep = bytes >= shortest;
      /* A character has at most four bytes. */
      if (all >= 0x80 && bytes < 4 * shortest)
        keep = characters_of(text + start, bytes) >= shortest;
      self->keys[tokens] = key_of(text + start, bytes);
      self->starts[tokens] = (int32_t)(base + start);
      self->lengths[tokens] = (int32_t)bytes;
      tokens += keep;
    }
  }
  return tokens;
}

/* Cut the texts of a block into tokens; returns the number of tokens. Each text is followed by an
   empty token that is no word, so that no term reaches from one text into the next. */
static int64_t cut_texts(counter *self, const uint8_t *content, const int64_t *begins,
                         int64_t texts) {
  int64_t tokens = 0;
  for (int64_t at = 0; at < texts; at++) {
    int64_t base = begins[at] - begins[0], length = begins[at + 1] - 1 - begins[at];
    if (self->most)
      tokens = cut_grams(self, content + begins[at], length, base + at, tokens, BEHIND);
    else if (self->signs)
      tokens = cut(self, content + begins[at], length, base, tokens, 1);
    else
      tokens = cut(self, content + begins[at], length, base, tokens, 0);
    self->keys[tokens] = (key){0, 0};
    self->token_ends[at] = tokens++;
  }
  return tokens;
}

#endif
