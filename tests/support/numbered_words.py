"""Words that are named by their numbers, and texts of them."""

WORDS, LENGTH = 30, 12
WORD_IDX = {f"w{number}": number for number in range(1, WORDS)}

#: Texts of 0 to 14 words, with unknown words at all positions.
TEXTS = [" ".join(f"w{(7 * n + k) % 40}" for k in range(n % 15)) for n in range(300)]
