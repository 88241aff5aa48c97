import shutil

import joblib
import numpy as np
import pandas as pd
import pytest

from scoring.mapped import words_model
from scoring.mapped.array_file import read_arrays
from scoring.mapped.words_model import MappedWordsModel
from scoring.words import stored_tables, word_counts
from scoring.words.word_pipeline import WordPipeline
from shared.card import read_card
from shared.config.places import BUNDLED_MODELS
from shared.mapped_file import MAPPED_FILE
from shared.model import load_model, load_own
from training.added.mapped import with_mapped_file
from training.behaviour import behaviour_of, behaviour_texts

MODELS = ["fast", pytest.param("deep", marks=pytest.mark.keras)]


@pytest.fixture(scope="module", params=MODELS)
def model(request):
    """A bundled model, loaded as a worker loads it."""
    loaded = load_model(BUNDLED_MODELS / request.param)
    loaded.warm_up()
    return loaded


def score(model, *texts):
    return model.score(pd.DataFrame({"text": texts}))["Sentiment_Score"].tolist()


def test_i_am_well_is_clearly_positive(model):
    """The article's own example."""
    assert score(model, "I am well")[0] > 0.6


@pytest.mark.parametrize(
    ("text", "lowest", "highest"),
    [
        ("This film is wonderful, I loved every minute!", 0.7, 1.0),
        ("A terrible, boring waste of time.", 0.0, 0.3),
        ("terrible", 0.0, 0.3),
        ("The film is about a man.", 0.4, 0.6),
        ("\N{GRINNING FACE}", 0.35, 1.0),
        ("", 0.35, 0.65),
    ],
)
def test_plain_judgements_are_on_their_side(model, text, lowest, highest):
    """Praise scores high, blame scores low, and a neutral text is in the middle."""
    assert lowest <= score(model, text)[0] <= highest


def test_negation_turns_a_judgement(model):
    """Negated praise scores below praise, negated blame above blame; also with contractions."""
    good, not_good, bad, not_bad = score(model, "good", "not good", "bad", "not bad")
    assert not_good < 0.5 < good
    assert bad + 0.1 < not_bad
    liked, not_liked = score(model, "I like this film", "I don't like this film")
    assert not_liked < liked


def test_signs_turn_a_plain_statement(model):
    """Emoji and emoticons change the score, alone and after a neutral statement."""
    for glad, sad in (("\U0001f600", "\U0001f621"), ("\U0001f44d", "\U0001f44e"), (":)", ":(")):
        alone, alone_sad, after, after_sad = score(
            model, glad, sad, f"The parcel is here {glad}", f"The parcel is here {sad}"
        )
        assert alone_sad + 0.1 < alone
        assert after_sad + 0.1 < after


def test_the_pairs_of_the_behavioural_suite(request, model):
    """The deep model gets 90 % of the pairs right, the fast one 80 %."""
    least = {"fast": 0.8, "deep": 0.9}[request.node.callspec.params["model"]]
    assert behaviour_of(model).right >= least


def test_the_two_forms_of_a_sentence_have_the_same_score(model):
    """A sentence scores the same as Treebank tokens and in natural spelling."""
    forms = (
        ("I do n't like it , it 's far too slow .", "I don't like it, it's far too slow."),
        ("A smart , funny and moving story .", "A smart, funny and moving story."),
    )
    for tokenised, natural in forms:
        one, other = score(model, tokenised, natural)
        assert one == pytest.approx(other, abs=0.05)


def test_the_quick_model_is_run_by_compiled_code_or_arrays():
    """The fast model has scikit-learn's scores without scikit-learn; its file is under 4 MB."""
    file = BUNDLED_MODELS / "fast" / "model.pkl"
    assert file.stat().st_size < 4e6
    pipeline = joblib.load(file)
    fast = WordPipeline.from_estimator(pipeline)
    texts = [
        "It's great :)",
        "NOT good!!",
        "caf\u00e9\u2764\ufe0f, really?",
        "(meh)",
        "\U0001f600x",
    ]
    expected = pipeline.predict_proba(texts)
    assert fast.predict_proba(texts) == pytest.approx(expected, abs=1e-12)


def test_scores_do_not_depend_on_other_texts(model):
    """A text has the same score alone, in a batch, and in any order."""
    texts = [
        "I am well",
        "It was not good at all, was it?",
        "so " * 80,
        "ok",
        "",
        "Well made!",
    ] * 90
    together = score(model, *texts)
    assert together[:540:6] == pytest.approx([together[0]] * 90, abs=1e-6)
    assert score(model, *reversed(texts)) == pytest.approx(together[::-1], abs=1e-6)
    for text, expected in zip(texts[:6], together[:6], strict=True):
        assert score(model, text)[0] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("name", ["fast", "deep"])
def test_a_bundled_model_is_small_and_described(name):
    """Each bundled model takes under 8 MB, and its card holds figures, data and versions."""
    card = read_card(BUNDLED_MODELS / name)
    size = sum((BUNDLED_MODELS / name / file).stat().st_size for file in card.files)
    assert size < 8e6
    assert card.name == name
    assert max(card.figures.get(key, 0) for key in ("accuracy", "sst_sentences.accuracy")) > 0.8
    assert card.training_data
    assert card.libraries
    assert card.description


def test_fast_is_the_same_without_a_compiler(monkeypatch):
    """Without a compiled library, array operations give the same scores."""
    usual = load_model(BUNDLED_MODELS / "fast")
    monkeypatch.setattr(word_counts, "LIBRARY", None)
    monkeypatch.setattr(words_model, "LIBRARY", None)
    without = load_model(BUNDLED_MODELS / "fast")
    assert isinstance(without._estimator, WordPipeline)
    texts = "I am well", "A cinematographer, not two cinematographers."
    assert score(without, *texts) == score(usual, *texts)


@pytest.mark.skipif(not stored_tables.STORES, reason="nothing was compiled")
def test_the_mapped_file_of_fast_is_what_this_release_writes(tmp_path):
    """It holds the tables of the compiled code as it is now, and the card names it.

    If this fails after a change of these tables, raise `FORMAT` in `scoring.mapped.words_model` and
    write the file again: `with_mapped_file` of `training.added.mapped`.
    """
    folder = tmp_path / "fast"
    shutil.copytree(BUNDLED_MODELS / "fast", folder)
    card = read_card(folder)
    own = load_own(folder, card)
    again = with_mapped_file(folder, own)
    assert again.full_name == card.full_name
    with (BUNDLED_MODELS / "fast" / MAPPED_FILE).open("rb") as file:
        about, arrays = read_arrays(file)
    with (folder / MAPPED_FILE).open("rb") as file:
        about_again, arrays_again = read_arrays(file)
    assert about_again == about
    # The probabilities that scikit-learn gave may differ in their last bits on another machine.
    trial, trial_again = arrays.pop("trial_probabilities"), arrays_again.pop("trial_probabilities")
    np.testing.assert_allclose(trial_again, trial, rtol=0, atol=1e-12)
    assert arrays_again.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(arrays_again[name], array)


@pytest.mark.skipif(not stored_tables.STORES, reason="nothing was compiled")
def test_fast_is_mapped_and_scores_to_the_last_bit_as_scikit_learn_loads_it():
    """A worker needs no scikit-learn for `fast`, and its scores are those of the pickle."""
    folder = BUNDLED_MODELS / "fast"
    mapped, own = load_model(folder), load_own(folder, read_card(folder))
    assert isinstance(mapped, MappedWordsModel)
    texts = [*behaviour_texts(), "", "\u0130 \U0001f642\U0001f642 don't", "good " * 300]
    frame = pd.DataFrame({"text": pd.Series(texts, dtype=object)})
    pd.testing.assert_frame_equal(mapped.score(frame), own.score(frame), check_exact=True)
