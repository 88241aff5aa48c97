import numpy as np

from training.bundled.composed import composed


def test_sentences_are_new_and_repeatable():
    """Sentences are distinct, and the same seed gives the same sentences."""
    sentences = composed(3000, seed=2)
    assert sentences["text"].is_unique
    assert sentences["score"].between(0, 1).all()
    assert composed(3000, seed=2).equals(sentences)
    assert not composed(3000, seed=3).equals(sentences)


def test_a_negated_judgement_is_turned():
    """Praise that is negated scores below 0.5, and blame that is negated above it."""
    sentences = composed(20_000)
    plain = sentences[~sentences["text"].str.contains("[?:<]|[^\x00-\x7f]")]
    assert (
        plain["score"][plain["text"].str.fullmatch(r"(?i)not (good|nice|tasty)\W*")] < 0.5
    ).all()
    assert (plain["score"][plain["text"].str.fullmatch(r"(?i)not (bad|rude|noisy)\W*")] > 0.5).all()
    assert 0.4 < np.median(sentences["score"]) < 0.6
