/* Counts the words and word n-grams of many texts in one pass over their bytes.

   scoring/compiled_words.py loads this, where it was compiled; scoring/word_counts.py says what is
   counted, and scoring/word_arrays.py does the same by array operations. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* What a key stands for: a word or a node, and the column of the term that ends there, or -1. Side
   by side, as one look-up is one miss of the processor's caches. Key 0 is a free slot. */
typedef struct {
  uint64_t key;
  int32_t number;
  int32_t column;
} entry;

/* Entries by open addressing with linear probing, at most half of them taken. */
typedef struct {
  entry *entries;
  uint64_t last;
  int shift;
} table;

typedef struct {
  table words;            /* key of a word -> the word */
  const uint8_t *bytes;   /* of all words, behind each other */
  const int64_t *ends;    /* where each word ends in them */
  const uint8_t *stops;   /* whether a word is a stop word */
  int64_t longest;        /* bytes of the longest word */
  int levels;             /* words of the longest term */
  table *pairs;           /* of each level but the first: node above and word -> node */
  uint8_t *text;          /* scratch, for one text and its tokens */
  uint64_t *keys;
  int32_t *numbers;
  int32_t *nodes;
  int64_t *starts;
  int32_t *columns;
  int64_t room;
} counter;

/* 2^64 over the golden ratio (Knuth, TAOCP 6.4). */
static uint64_t slot_of(const table *in, uint64_t key) {
  return (key * 0x9E3779B97F4A7C15u) >> in->shift;
}

static int table_new(table *made, int64_t keys) {
  int bits = 1;
  while ((int64_t)1 << bits < 2 * keys + 2) bits++;
  made->shift = 64 - bits;
  made->last = ((uint64_t)1 << bits) - 1;
  made->entries = calloc(made->last + 1, sizeof *made->entries);
  return made->entries != NULL;
}

static void table_put(table *in, uint64_t key, int64_t number, int64_t column) {
  uint64_t slot = slot_of(in, key);
  while (in->entries[slot].key) slot = (slot + 1) & in->last;
  in->entries[slot] = (entry){key, (int32_t)number, (int32_t)column};
}

static uint64_t eight_bytes(const uint8_t *from) {
  uint64_t bytes = 0;
  for (int at = 0; at < 8; at++) bytes |= (uint64_t)from[at] << 8 * at; /* one load */
  return bytes;
}

/* The key of a word: of one of up to SHORT bytes the word and its length, so that nothing is left
   to compare; of a longer one a hash, with the highest bit set. Seven bytes behind it are read. */
#define SHORT 7
#define LONG ((uint64_t)1 << 63)

static uint64_t key_of(const uint8_t *word, int64_t length) {
  if (length <= SHORT)
    return (eight_bytes(word) & (((uint64_t)1 << 8 * length) - 1)) | (uint64_t)length << 56;
  uint64_t hash = (uint64_t)length;
  for (; length > 0; word += 8, length -= 8) {
    uint64_t bytes = eight_bytes(word);
    if (length < 8) bytes &= ((uint64_t)1 << 8 * length) - 1;
    hash = (hash ^ bytes) * 0x9FB21C651E98DF25u; /* odd, with bits all over */
    hash ^= hash >> 32;
  }
  return hash | LONG;
}

static uint64_t pair_of(int32_t node, int32_t word) {
  return ((uint64_t)node << 32) + (uint64_t)word + 1;
}

void counter_free(counter *made) {
  if (!made) return;
  free(made->words.entries);
  for (int level = 0; made->pairs && level < made->levels; level++)
    free(made->pairs[level].entries);
  free(made->pairs);
  free(made->text);
  free(made->keys);
  free(made->numbers);
  free(made->nodes);
  free(made->starts);
  free(made->columns);
  free(made);
}

/* A counter of these words and terms; it borrows the arrays but the keys and columns. Behind the
   bytes of the words there are eight more. NULL where memory is wanting. */
counter *counter_new(int64_t words, const uint8_t *bytes, const int64_t *ends,
                     const uint8_t *stops, int levels, const int64_t *pairs,
                     const uint64_t *const *keys, const int64_t *const *column) {
  counter *made = calloc(1, sizeof *made);
  if (!made) return NULL;
  made->bytes = bytes;
  made->ends = ends;
  made->stops = stops;
  made->levels = levels;
  made->pairs = calloc(levels, sizeof *made->pairs);
  if (!made->pairs || !table_new(&made->words, words)) {
    counter_free(made);
    return NULL;
  }
  int64_t begin = 0;
  for (int64_t word = 0; word < words; word++) {
    table_put(&made->words, key_of(bytes + begin, ends[word] - begin), word, column[0][word]);
    if (ends[word] - begin > made->longest) made->longest = ends[word] - begin;
    begin = ends[word];
  }
  for (int level = 1; level < levels; level++) {
    if (!table_new(&made->pairs[level], pairs[level])) {
      counter_free(made);
      return NULL;
    }
    for (int64_t node = 0; node < pairs[level]; node++)
      table_put(&made->pairs[level], keys[level][node], node, column[level][node]);
  }
  return made;
}

/* Bytes below this one are signs, each a token by itself; 0 is in no token. */
#define SIGNS 32

/* Scratch for a text of so many bytes; whether there is memory for it. */
static int make_room(counter *with, int64_t bytes) {
  if (with->room && bytes <= with->room) return 1;
  int64_t room = 2 * bytes + 64, tokens = room + 1; /* each has a byte at least */
  void *made;
#define GROW(array, count)                                                           \
  if (!(made = realloc(with->array, (size_t)(count) * sizeof *with->array))) return 0; \
  with->array = made
  GROW(text, room + 8);
  GROW(keys, tokens);
  GROW(numbers, tokens);
  GROW(nodes, tokens);
  GROW(starts, tokens);
  GROW(columns, tokens * with->levels);
#undef GROW
  with->room = room;
  return 1;
}

static const entry *find(const table *in, uint64_t key) {
  for (uint64_t slot = slot_of(in, key); in->entries[slot].key; slot = (slot + 1) & in->last)
    if (in->entries[slot].key == key) return &in->entries[slot];
  return NULL;
}

static int is_word(const counter *in, int32_t word, const uint8_t *text, int64_t length) {
  int64_t begin = word ? in->ends[word - 1] : 0;
  return in->ends[word] - begin == length && !memcmp(text, in->bytes + begin, length);
}

/* The word with this key and these bytes, or NULL. */
static const entry *find_word(const counter *in, uint64_t key, const uint8_t *text,
                              int64_t length) {
  const table *words = &in->words;
  if (!(key & LONG)) return find(words, key);
  for (uint64_t slot = slot_of(words, key); words->entries[slot].key;
       slot = (slot + 1) & words->last) {
    const entry *found = &words->entries[slot];
    if (found->key == key && is_word(in, found->number, text, length)) return found;
  }
  return NULL;
}

static int by_number(const void *one, const void *other) {
  int32_t a = *(const int32_t *)one, b = *(const int32_t *)other;
  return (a > b) - (a < b);
}

/* So many numbers are put in order by comparing each with each. */
#define FEW 64

/* The characters of a word of UTF-8. */
static int64_t characters_of(const uint8_t *word, int64_t length) {
  int64_t characters = 0;
  for (int64_t at = 0; at < length; at++) characters += (word[at] & 0xC0) != 0x80;
  return characters;
}

/* The tokens of a text: their words in `numbers`, -1 for one in no term, without the stop words;
   the columns of those that are terms in `columns`, and how many these are in `found`. How many
   tokens there are, or -1 where memory is wanting. */
static int64_t tokens_of(counter *with, const uint8_t *content, int64_t length,
                         const uint8_t *lower, int64_t shortest, int64_t *found) {
  int64_t tokens = 0, kept = 0;
  if (!make_room(with, length)) return -1;
  uint8_t *text = with->text;
  for (int64_t at = 0; at < length; at++) text[at] = lower[content[at]];
  memset(text + length, 0, 8);
  for (int64_t at = 0; at < length;) {
    int64_t start = at;
    while (text[at] >= SIGNS) at++;
    if (at == start && text[at]) at++;
    int64_t bytes = at - start;
    at += !text[at];
    if (bytes < shortest || !bytes) continue;
    /* A character has four bytes at most. */
    if (bytes < 4 * shortest && characters_of(text + start, bytes) < shortest) continue;
    uint64_t key = bytes > with->longest ? 0 : key_of(text + start, bytes);
    if (key) __builtin_prefetch(&with->words.entries[slot_of(&with->words, key)]);
    with->keys[tokens] = key;
    with->starts[tokens] = start;
    with->nodes[tokens++] = (int32_t)bytes;
  }
  for (int64_t token = 0; token < tokens; token++) {
    const entry *word = NULL;
    if (with->keys[token])
      word = find_word(with, with->keys[token], text + with->starts[token], with->nodes[token]);
    if (word && with->stops[word->number]) continue;
    with->numbers[kept++] = word ? word->number : -1;
    if (word && word->column >= 0) with->columns[(*found)++] = word->column;
  }
  return kept;
}

/* Count the terms of texts. Text n has the bytes from begins[n] to before begins[n + 1] - 1.
   `lower` gives each byte as it is in a word, a number below SIGNS for a sign, or 0 for one that is
   in no token. Cells are written to rows, columns and times, those of a text by column; `room` is
   how many fit. How many there are; -1 where memory is wanting, -2 where they do not fit. */
int64_t counter_count(counter *with, const uint8_t *content, const int64_t *begins, int64_t texts,
                      const uint8_t *lower, int64_t shortest, int64_t room, int64_t *rows,
                      int64_t *columns, int64_t *times) {
  int64_t cells = 0;
  for (int64_t row = 0; row < texts; row++) {
    int64_t length = begins[row + 1] - 1 - begins[row], found = 0;
    int64_t tokens = tokens_of(with, content + begins[row], length, lower, shortest, &found);
    if (tokens < 0) return -1;
    /* The terms of several words that begin with each token, longer by a word each time. */
    if (with->levels > 1) memcpy(with->nodes, with->numbers, tokens * sizeof *with->nodes);
    for (int level = 1; level < with->levels; level++) {
      const table *pairs = &with->pairs[level];
      int64_t terms = tokens - level;
      for (int64_t token = 0; token < terms; token++) {
        int32_t node = with->nodes[token], word = with->numbers[token + level];
        uint64_t key = node < 0 || word < 0 ? 0 : pair_of(node, word);
        if (key) __builtin_prefetch(&pairs->entries[slot_of(pairs, key)]);
        with->keys[token] = key;
      }
      for (int64_t token = 0; token < terms; token++) {
        const entry *term = with->keys[token] ? find(pairs, with->keys[token]) : NULL;
        with->nodes[token] = term ? term->number : -1;
        if (term && term->column >= 0) with->columns[found++] = term->column;
      }
    }
    if (cells + found > room) return -2;
    if (found <= FEW) {
      /* The place of each is how many are before it: no branch to mispredict, unlike sorting. */
      int32_t placed[FEW], count[FEW] = {0};
      for (int64_t at = 0; at < found; at++) {
        int32_t place = 0, column = with->columns[at];
        for (int64_t other = 0; other < found; other++) place += with->columns[other] < column;
        placed[place] = column;
        count[place]++;
      }
      for (int64_t at = 0; at < found; at += count[at]) {
        rows[cells] = row;
        columns[cells] = placed[at];
        times[cells++] = count[at];
      }
      continue;
    }
    qsort(with->columns, found, sizeof *with->columns, by_number);
    for (int64_t at = 0; at < found; at++) {
      if (at && with->columns[at] == with->columns[at - 1]) {
        times[cells - 1]++;
        continue;
      }
      rows[cells] = row;
      columns[cells] = with->columns[at];
      times[cells++] = 1;
    }
  }
  return cells;
}
