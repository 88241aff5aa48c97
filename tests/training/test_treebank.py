import pytest

from scoring.networks.text import TREEBANK
from training.treebank import detokenise

PAIRS = [
    ("It 's not bad .", "It's not bad."),
    ("I do n't like it , really !", "I don't like it, really!"),
    ("A `` great '' idea ( or so ) .", 'A "great" idea (or so).'),
    ("`` Good '' , he said ; `` bad '' ?", '"Good", he said; "bad"?'),
    ("You ca n't , or can not ?", "You can't, or cannot?"),
    ("They 'll say we 've and I 'd", "They'll say we've and I'd"),
    ("It cost $ 20 and 5 % of it", "It cost $20 and 5% of it"),
    ("n't good", "n't good"),
    ("", ""),
]


@pytest.mark.parametrize(("tokenised", "natural"), PAIRS)
def test_treebank_text_becomes_natural(tokenised, natural):
    """Contractions, quotes, brackets and punctuation are joined as people write them."""
    assert detokenise(tokenised) == natural


@pytest.mark.parametrize(("tokenised", "natural"), PAIRS)
def test_natural_text_stays(tokenised, natural):
    """Natural text is not changed."""
    assert detokenise(natural) == natural
    assert TREEBANK.words(natural) == TREEBANK.words(tokenised)
