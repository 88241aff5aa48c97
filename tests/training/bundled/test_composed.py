import numpy as np

from training.bundled.composed import composed


def test_sentences_are_new_and_repeatable():
    """No sentence comes twice, and a seed gives the same ones."""
    made = composed(3000, seed=2)
    assert made["text"].is_unique
    assert made["score"].between(0, 1).all()
    assert composed(3000, seed=2).equals(made)
    assert not composed(3000, seed=3).equals(made)


def test_a_negated_judgement_is_turned():
    """What is not good is below the middle, and what is not bad above it."""
    made = composed(20_000)
    plain = made[~made["text"].str.contains("[?:<]|[^\x00-\x7f]")]
    assert (
        plain["score"][plain["text"].str.fullmatch(r"(?i)not (good|nice|tasty)\W*")] < 0.5
    ).all()
    assert (plain["score"][plain["text"].str.fullmatch(r"(?i)not (bad|rude|noisy)\W*")] > 0.5).all()
    assert 0.4 < np.median(made["score"]) < 0.6
