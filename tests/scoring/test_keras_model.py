import json

import numpy as np
import pandas as pd
import pytest

keras = pytest.importorskip("keras")
from keras import layers  # noqa: E402  after the check that keras is here

from scoring.keras_model import KerasModel, get_sentiment_DL  # noqa: E402
from scoring.networks import tensorflow_network  # noqa: E402
from scoring.networks.tensorflow_network import TensorFlowNetwork  # noqa: E402
from shared.errors.model import UnusableModel  # noqa: E402
from shared.model import load_model, write_card  # noqa: E402

pytestmark = pytest.mark.keras

WORDS = 30
WORD_IDX = {f"w{number}": number for number in range(1, WORDS)}
TEXTS = [" ".join(f"w{(7 * n + k) % WORDS}" for k in range(n % 13)) for n in range(600)]


#: Ignores Keras's warning about a layer that drops the mask: these tests need such a layer.
drops_the_mask = pytest.mark.filterwarnings("ignore:Layer:UserWarning")


def network(*body, length=12, mask=True, **embedding):
    """A small model whose weights differ enough to tell rows apart."""
    keras.utils.set_random_seed(3)
    first = layers.Embedding(WORDS, 6, mask_zero=mask, embeddings_initializer="normal", **embedding)
    model = keras.Sequential([keras.Input((length,)), first, *body])
    model.set_weights([4 * weights for weights in model.get_weights()])
    return model


def article_like(length=12, mask=True):
    lstm = layers.Bidirectional(layers.LSTM(5))
    return network(lstm, layers.Dense(10, activation="softmax"), length=length, mask=mask)


@pytest.fixture
def save(tmp_path):
    """Save a model and a word index as a model folder, and load that as a worker does."""

    def saved(model, word_idx=WORD_IDX, **options):
        if model is not None:
            model.save(tmp_path / "model.h5")
            (tmp_path / "model.h5").rename(tmp_path / "model.hdf5")
        (tmp_path / "word_idx.json").write_text(json.dumps(word_idx), encoding="utf-8")
        files = ["model.hdf5", "word_idx.json"]
        write_card(tmp_path, name="mine", format="hdf5", files=files, options=options)
        return load_model(tmp_path)

    return saved


def naive(model, texts, length, values, padding="post"):
    """The scores by the simplest code: pad to full length, call the model, weight the classes."""
    ids = [[WORD_IDX.get(word, 0) for word in text.split()][:length] for text in texts]
    rows = keras.utils.pad_sequences(ids, length, padding=padding)
    return model(rows).numpy() @ np.asarray(values)


DECILES = np.arange(0.05, 1, 0.1)


@pytest.mark.parametrize("length", [12, None])
@pytest.mark.parametrize("mask", [True, False])
def test_scores_are_those_of_the_model_itself(save, length, mask):
    """Sorting, truncating and batching change no score, with and without a mask."""
    model = article_like(length, mask)
    loaded = save(model, max_length=12)
    loaded.warm_up()
    frame = pd.DataFrame({"text": TEXTS, "other": 1}, index=range(600, 0, -1))
    scored = loaded.score(frame)
    assert isinstance(loaded, KerasModel)
    assert scored.index.equals(frame.index)
    assert scored["Sentiment_Score"].dtype == np.float64
    np.testing.assert_allclose(
        scored["Sentiment_Score"], naive(model, TEXTS, 12, DECILES), atol=1e-5
    )
    assert scored["Sentiment_Score"].std() > 0.01


@drops_the_mask
def test_zeros_are_left_out_only_where_that_is_exact():
    """Zeros are left out for a masked LSTM, but not without a mask or if a layer ignores it."""
    convolution = (layers.Conv1D(4, 3), layers.GlobalMaxPooling1D(), layers.Dense(10, "softmax"))
    assert TensorFlowNetwork(article_like()).skips_zeros
    assert not TensorFlowNetwork(article_like(mask=False)).skips_zeros
    assert not TensorFlowNetwork(network(*convolution)).skips_zeros
    assert not TensorFlowNetwork(network(layers.Flatten(), layers.Dense(10, "softmax"))).skips_zeros


@drops_the_mask
def test_a_layer_that_counts_the_padding_is_scored_in_full(save):
    """A model with a convolution over the padding gets its own scores."""
    body = (layers.Conv1D(4, 3), layers.GlobalMaxPooling1D(), layers.Dense(10, "softmax"))
    model = network(*body)
    scored = save(model).score(pd.DataFrame({"text": TEXTS}))
    np.testing.assert_allclose(
        scored["Sentiment_Score"], naive(model, TEXTS, 12, DECILES), atol=1e-5
    )


def test_padding_may_come_first(save):
    """A model that was trained with zeros before the words is scored in the same way."""
    model = article_like(mask=False)
    scored = save(model, padding="pre").score(pd.DataFrame({"text": TEXTS}))
    expected = naive(model, TEXTS, 12, DECILES, padding="pre")
    np.testing.assert_allclose(scored["Sentiment_Score"], expected, atol=1e-5)


@pytest.mark.parametrize(
    ("units", "activation", "options", "values"),
    [
        (1, "sigmoid", {}, [1.0]),
        (2, "softmax", {}, [0.0, 1.0]),
        (3, "softmax", {}, [1 / 6, 1 / 2, 5 / 6]),
        (3, "softmax", {"class_values": [0, 0.5, 1]}, [0, 0.5, 1]),
    ],
)
def test_the_score_follows_from_the_outputs(save, units, activation, options, values):
    """One output is the score; classes get midpoints of intervals, or the values in the card."""
    model = network(layers.LSTM(4), layers.Dense(units, activation=activation))
    scored = save(model, **options).score(pd.DataFrame({"text": TEXTS[:40]}))
    expected = naive(model, TEXTS[:40], 12, values)
    np.testing.assert_allclose(scored["Sentiment_Score"], expected, atol=1e-5)


def test_get_sentiment_works_by_itself():
    """The article's function takes a model, a frame and a word index, and copies the frame."""
    model = article_like()
    frame = pd.DataFrame({"ref": ["a", "b"], "text": ["w1 w2 W3, w29!", "w4"]}, index=[5, 9])
    scored = get_sentiment_DL(model, frame, WORD_IDX)
    assert list(frame.columns) == ["ref", "text"]
    assert list(scored.columns) == ["ref", "text", "Sentiment_Score"]
    assert scored.index.tolist() == [5, 9]
    expected = naive(model, ["w1 w2 w3 w29", "w4"], 12, DECILES)
    np.testing.assert_allclose(scored["Sentiment_Score"], expected, atol=1e-5)
    assert get_sentiment_DL(model, frame[:0], WORD_IDX).empty


def test_get_sentiment_gives_the_service_s_scores(save):
    """The article's function and the service's runtime give the same scores."""
    model = article_like()
    frame = pd.DataFrame({"text": TEXTS[:50]})
    alone = get_sentiment_DL(model, frame, WORD_IDX)["Sentiment_Score"]
    np.testing.assert_allclose(save(model).score(frame)["Sentiment_Score"], alone, atol=1e-6)


def test_no_input_makes_it_trace_again(save):
    """A loaded model runs batches of any size and length without tracing again."""
    loaded = save(article_like())
    for number in range(1, 40):
        loaded.score(pd.DataFrame({"text": TEXTS[:number]}))
    assert loaded.network._function.experimental_get_tracing_count() == 1


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (lambda: network(layers.LSTM(4), layers.Dense(3)), "softmax|outside 0..1"),
        (lambda: network(layers.LSTM(4), layers.Dense(3, "sigmoid")), "add up to 1"),
        (lambda: network(layers.LSTM(4, return_sequences=True)), "one output"),
        (
            lambda: keras.Sequential([keras.Input((4,)), layers.Dense(1, "sigmoid")]),
            "no Embedding",
        ),
        (
            lambda: keras.Sequential([keras.Input((4, 2)), layers.LSTM(1, activation="sigmoid")]),
            "rows of word numbers",
        ),
    ],
)
def test_a_model_of_another_form_is_refused(save, model, reason):
    """The inputs and outputs of a Keras file are checked at load."""
    with pytest.raises(UnusableModel, match=reason):
        save(model())


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"max_length": 9}, "takes 12 words"),
        ({"max_length": 0}, "above 0"),
        ({"padding": "middle"}, "neither post nor pre"),
        ({"class_values": [0, 1]}, "10 classes, but 2 class values"),
        ({"token_pattern": "("}, "token_pattern"),
    ],
)
def test_options_that_do_not_fit_are_refused(save, options, reason):
    """A card's options are checked against the model."""
    with pytest.raises(UnusableModel, match=reason):
        save(article_like(), **options)


def test_another_model_s_word_index_is_refused(save):
    """A word index with numbers beyond the embedding is refused at load."""
    with pytest.raises(UnusableModel, match="belong to another model"):
        save(article_like(), {**WORD_IDX, "more": WORDS})


def test_a_file_that_keras_cannot_read_is_refused(save, tmp_path):
    """A file of arbitrary bytes is refused with one sentence that says what to do."""
    (tmp_path / "model.hdf5").write_bytes(b"This is not HDF5.")
    with pytest.raises(UnusableModel, match=r"cannot read it.*model.save"):
        save(None)


def test_one_thread_is_taken_per_process(save):
    """Loading limits TensorFlow to one thread, unless TensorFlow has already started."""
    save(article_like())
    threading = tensorflow_network.tf.config.threading
    assert threading.get_intra_op_parallelism_threads() in (0, 1)
