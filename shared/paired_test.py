"""The comparison of two models on the same labelled rows, from the rows on which they differ.

Plain Python: the API has neither NumPy nor SciPy.
"""

from math import exp, lgamma, log, sqrt

#: The 97.5 % quantile of the normal distribution.
_Z = 1.959963984540054

#: Terms of a sum that are smaller than this share of it do not change it.
_NOTHING = 1e-18


def exact_p(better: int, worse: int) -> float:
    """The probability that two equally good models differ at least this much.

    McNemar's exact test (McNemar, 1947): whether one of n rows, on which exactly one model is
    right, is a row of the first model is the toss of a coin. Both tails of the binomial
    distribution count, which are equal.

    Args:
        better: the rows on which only the first model is right.
        worse: those on which only the second is.
    """
    rows, least = better + worse, min(better, worse)
    if better == worse:
        return 1.0
    term = exp(lgamma(rows + 1) - lgamma(least + 1) - lgamma(rows - least + 1) - rows * log(2))
    tail = 0.0
    for at in range(least, -1, -1):
        tail += term
        term *= at / (rows - at + 1)
        if term <= tail * _NOTHING:
            break
    return min(2 * tail, 1.0)


def difference_interval(better: int, worse: int, rows: int) -> tuple[float, float]:
    """The 95 % interval of the first accuracy minus the second, on the same rows.

    The adjusted Wald interval, which adds a row to each of the two counts and two to all (Bonett
    and Price: Adjusted Wald Confidence Interval for a Difference of Binomial Proportions Based on
    Paired Data, Journal of Educational and Behavioral Statistics 37, 2012).

    Args:
        better: the rows on which only the first model is right.
        worse: those on which only the second is.
        rows: all labelled rows.
    """
    first, second = (better + 1) / (rows + 2), (worse + 1) / (rows + 2)
    middle = first - second
    half = _Z * sqrt((first + second - middle**2) / (rows + 2))
    return max(middle - half, -1.0), min(middle + half, 1.0)
