/* Numbers from their digits, correctly rounded; what is not plainly a number is left to Python. */

#ifndef NUMBERS_H
#define NUMBERS_H

#include <stdint.h>
#include <string.h>

#include "../../shared/bytes.h"

/* Integers up to this size are exact as a double. */
#define EXACT_INTEGER ((int64_t)1 << 53)

/* The highest power of 5 below 2^63. */
#define FIVES 27

/* 5^0 to 5^27. */
static const uint64_t FIVE_TO[FIVES + 1] = {
    1u, 5u, 25u, 125u, 625u, 3125u, 15625u, 78125u, 390625u, 1953125u, 9765625u, 48828125u,
    244140625u, 1220703125u, 6103515625u, 30517578125u, 152587890625u, 762939453125u,
    3814697265625u, 19073486328125u, 95367431640625u, 476837158203125u, 2384185791015625u,
    11920928955078125u, 59604644775390625u, 298023223876953125u, 1490116119384765625u,
    7450580596923828125u};

/* 2^63 times 2^b / 5^k, rounded down, for k from 1 to 27; b is the number of bits of 5^k. */
static const uint64_t FIVE_UNDER[FIVES] = {
    14757395258967641292u, 11805916207174113034u, 9444732965739290427u, 15111572745182864683u,
    12089258196146291747u, 9671406556917033397u, 15474250491067253436u, 12379400392853802748u,
    9903520314283042199u, 15845632502852867518u, 12676506002282294014u, 10141204801825835211u,
    16225927682921336339u, 12980742146337069071u, 10384593717069655257u, 16615349947311448411u,
    13292279957849158729u, 10633823966279326983u, 17014118346046923173u, 13611294676837538538u,
    10889035741470030830u, 17422457186352049329u, 13937965749081639463u, 11150372599265311570u,
    17840596158824498513u, 14272476927059598810u, 11417981541647679048u};

/* 10^0 to 10^8. */
static const uint64_t TEN_TO[9] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};

/* The highest bits of those of eight bytes that are no digits. */
static inline uint64_t not_digits(uint64_t bytes) {
  uint64_t off = bytes ^ 0x3030303030303030u; /* a digit's value, or more than 9 */
  return (((off & ~HIGH) + 0x7676767676767676u) | off) & HIGH;
}

/* The number of eight digits, the first in the lowest byte: pairs, then fours, then all eight. */
static inline uint64_t eight_digits(uint64_t bytes) {
  bytes &= 0x0F0F0F0F0F0F0F0Fu;
  bytes = (bytes * 10 + (bytes >> 8)) & 0x00FF00FF00FF00FFu;
  bytes = (bytes * 100 + (bytes >> 16)) & 0x0000FFFF0000FFFFu;
  return (bytes * 10000 + (bytes >> 32)) & 0xFFFFFFFFu;
}

/* Append the digits from `at` on to `number`, modulo 2^64. Returns the place after the last. The
   bytes up to `limit` can be read; a jump for each digit would often be mispredicted. */
static inline const uint8_t *take_digits(const uint8_t *at, const uint8_t *end, const uint8_t *limit,
                                         uint64_t *number) {
  while (limit - at >= 8) {
    uint64_t bytes = eight_bytes(at), others = not_digits(bytes);
    int64_t digits = others ? __builtin_ctzll(others) / 8 : 8;
    if (digits > end - at) digits = end - at;
    if (!digits) return at;
    /* Zeros before the digits make them eight. */
    *number = *number * TEN_TO[digits] + eight_digits(bytes << 8 * (8 - digits));
    at += digits;
    if (digits < 8) return at;
  }
  for (; at < end && (uint8_t)(*at - '0') < 10; at++) *number = *number * 10 + (*at - '0');
  return at;
}

static inline double power_of_two(int64_t exponent) {
  uint64_t bits = (uint64_t)(1023 + exponent) << 52;
  double power;
  memcpy(&power, &bits, sizeof power);
  return power;
}

/* `number` / 10^`power`, for 0 < power <= FIVES and a number that is not 0. */
static inline double divided(uint64_t number, int64_t power) {
  uint64_t five = FIVE_TO[power];
  int64_t shift = __builtin_clzll(number), wide = __builtin_clzll(five);
  int64_t scale = wide - shift - 61 - power;
  number <<= shift;
  /* The reciprocal is less than 1 too small, and so is its product with a number below 2^64, in units
     of 2^64; rounding that down takes less than 1 too. So the quotient is at least `found` and less
     than `found` + 2, in quarters of which, rounded down again, less than `least` + 2. */
  uint64_t found = (uint64_t)(((unsigned __int128)number * FIVE_UNDER[power - 1]) >> 64);
  int64_t least = (int64_t)(found >> 2);
  double rounded = (double)least;
  if (rounded == (double)(least + 2)) return rounded * power_of_two(scale);
  /* Half of 2^64 at most by half of 2^64 at least: the quotient has 62 to 64 bits. The last bit is set
     if anything is left over, so the conversion, which takes the nearest double, rounds as if it had
     all digits. */
  unsigned __int128 above = (unsigned __int128)number << 63;
  uint64_t below = five << wide, quotient = (uint64_t)(above / below);
  quotient |= (unsigned __int128)quotient * below != above;
  return (double)quotient * power_of_two(scale - 2);
}

/* `number` * 10^`power`, for 0 <= power <= FIVES. */
static inline double multiplied(uint64_t number, int64_t power) {
  unsigned __int128 product = (unsigned __int128)number * FIVE_TO[power];
  uint64_t high = (uint64_t)(product >> 64);
  if (!high) return (double)(uint64_t)product * power_of_two(power);
  /* The last of 64 bits is set if anything is left over, as above. */
  int64_t shift = 64 - __builtin_clzll(high);
  uint64_t bits = (uint64_t)(product >> shift);
  bits |= (product & (((unsigned __int128)1 << shift) - 1)) != 0;
  return (double)bits * power_of_two(shift + power);
}

static const double SIGNS[2] = {1, -1};

/* Takes a sign. Returns whether it is a minus; signs vary, so there is no jump. */
static inline int take_sign(const uint8_t **at, const uint8_t *end) {
  int sign = *at < end ? **at : 0, negative = sign == '-';
  *at += negative | (sign == '+');
  return negative;
}

/* Reads a number such as `-12.5e-3`. Returns 0 unless it is ASCII digits with at most one sign, one
   `decimal` and one exponent, has at most 19 digits that count, and a moderate exponent. */
static inline int plain_double(const uint8_t *at, const uint8_t *end, const uint8_t *limit,
                               uint8_t decimal, double *value) {
  uint64_t number = 0;
  int64_t exponent = 0;
  int negative = take_sign(&at, end);
  const uint8_t *first = at;
  at = take_digits(at, end, limit, &number);
  int64_t digits = at - first;
  if (at < end && *at == decimal) {
    const uint8_t *fraction = ++at;
    at = take_digits(at, end, limit, &number);
    exponent = fraction - at;
    digits -= exponent;
  }
  if (!digits) return 0;
  if (digits > 19) {
    for (; first < at && (*first == '0' || *first == decimal); first++) digits -= *first == '0';
    if (digits > 19) return 0;
  }
  if (at < end && (*at | 0x20) == 'e') {
    uint64_t power = 0;
    at++;
    int minus = take_sign(&at, end);
    const uint8_t *begin = at;
    at = take_digits(at, end, limit, &power);
    if (at == begin || at - begin > 4) return 0;
    exponent += minus ? -(int64_t)power : (int64_t)power;
  }
  if (at != end) return 0;
  double found;
  if (!number || !exponent)
    found = (double)number;
  else if (exponent < 0 && exponent >= -FIVES)
    found = divided(number, -exponent);
  else if (exponent > 0 && exponent <= FIVES)
    found = multiplied(number, exponent);
  else
    return 0;
  *value = found * SIGNS[negative];
  return 1;
}

/* Reads an integer such as `-12`, or `-12.0`, as pandas writes one in a column with missing values.
   Returns 0 unless it is at most 19 ASCII digits with at most one sign, and fits into 64 bits. */
static inline int plain_long(const uint8_t *at, const uint8_t *end, const uint8_t *limit,
                             uint8_t decimal, int64_t *value) {
  uint64_t number = 0;
  int negative = take_sign(&at, end);
  const uint8_t *first = at;
  at = take_digits(at, end, limit, &number);
  if (at == first || at - first > 19) return 0;
  if (at < end && *at == decimal)
    for (at++; at < end && *at == '0';) at++;
  if (at != end) return 0;
  if (number > (uint64_t)INT64_MAX + negative) return 0;
  *value = negative ? (int64_t)(0 - number) : (int64_t)number;
  return 1;
}

#endif
