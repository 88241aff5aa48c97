"""The runtime of `examples/transformer`, with a small random network."""

import importlib
import math
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import tokenizers

from shared.errors.model import UnusableModel

onnx = pytest.importorskip("onnx", reason="the graph is made with it")

EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "transformer"
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "parcel", "bill", "is", "late", "wrong", "a"]
#: An argument; spelled out, a linter takes it for a password.
UNKNOWN = "unk_token"
CLASSES = ["billing", "delivery", "returns"]
SIZE, HEADS, LAYERS, PLACES = 16, 4, 2, 32
TEXTS = ["the parcel is late", "bill", "a " * 20, "the bill is wrong and late " * 9, "the parcel"]


def example_module(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(EXAMPLE)
    return importlib.import_module(name)


def random_weights() -> dict[str, npt.NDArray[np.float32]]:
    """Weights of a small BERT, by their usual names."""
    random = np.random.default_rng(3)
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (len(WORDS), SIZE),
        "embeddings.position_embeddings.weight": (PLACES, SIZE),
        "embeddings.token_type_embeddings.weight": (2, SIZE),
        "embeddings.LayerNorm.weight": (SIZE,),
        "embeddings.LayerNorm.bias": (SIZE,),
    }
    for number in range(LAYERS):
        layer = f"encoder.layer.{number}"
        for name, (outputs, inputs) in {
            "attention.self.query": (SIZE, SIZE),
            "attention.self.key": (SIZE, SIZE),
            "attention.self.value": (SIZE, SIZE),
            "attention.output.dense": (SIZE, SIZE),
            "intermediate.dense": (2 * SIZE, SIZE),
            "output.dense": (SIZE, 2 * SIZE),
        }.items():
            shapes |= {f"{layer}.{name}.weight": (outputs, inputs)}
            shapes |= {f"{layer}.{name}.bias": (outputs,)}
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            shapes |= {f"{layer}.{name}.{one}": (SIZE,) for one in ("weight", "bias")}
    return {name: random.normal(0, 0.5, shape).astype("f4") for name, shape in shapes.items()}


def logits_of(weights: dict[str, Any], head: Any, ids: list[int]) -> npt.NDArray[np.float64]:
    """What the network gives for one row of tokens, in 64 bits and without padding."""
    erf = np.vectorize(math.erf)

    def dense(name: str, values: Any) -> Any:
        return values @ weights[f"{name}.weight"].T.astype("f8") + weights[f"{name}.bias"]

    def norm(name: str, values: Any) -> Any:
        apart = values - values.mean(axis=1, keepdims=True)
        even = apart / np.sqrt((apart**2).mean(axis=1, keepdims=True) + 1e-12)
        return even * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    state = weights["embeddings.word_embeddings.weight"][ids].astype("f8")
    state = state + weights["embeddings.position_embeddings.weight"][: len(ids)]
    state = norm(
        "embeddings.LayerNorm", state + weights["embeddings.token_type_embeddings.weight"][0]
    )
    for number in range(LAYERS):
        layer = f"encoder.layer.{number}"
        parts = [
            np.split(dense(f"{layer}.attention.self.{one}", state), HEADS, axis=1)
            for one in ("query", "key", "value")
        ]
        mixed = []
        for query, key, value in zip(*parts, strict=True):
            powers = np.exp(query @ key.T / np.sqrt(SIZE / HEADS))
            mixed.append(powers / powers.sum(axis=1, keepdims=True) @ value)
        attended = dense(f"{layer}.attention.output.dense", np.concatenate(mixed, axis=1))
        state = norm(f"{layer}.attention.output.LayerNorm", state + attended)
        wide = dense(f"{layer}.intermediate.dense", state)
        wide = wide * (1 + erf(wide / np.sqrt(2))) / 2
        state = norm(f"{layer}.output.LayerNorm", state + dense(f"{layer}.output.dense", wide))
    mean = state.mean(axis=0)
    matrix, intercept = head
    return np.asarray(matrix @ (mean / np.linalg.norm(mean)) + intercept)


@pytest.fixture
def head() -> tuple[Any, Any]:
    random = np.random.default_rng(4)
    return random.normal(0, 3, (len(CLASSES), SIZE)), random.normal(0, 1, len(CLASSES))


@pytest.fixture
def files(tmp_path: Path, head: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The ONNX file and the tokenizer."""
    graphs = example_module("bert_graph", monkeypatch)
    graph = graphs.bert_graph(random_weights(), heads=HEADS, epsilon=1e-12, head=head)
    onnx.save(graph, tmp_path / "small.onnx")
    tokenizer = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({word: n for n, word in enumerate(WORDS)}, **{UNKNOWN: "[UNK]"})
    )
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    # As many files have it: a padding that the runtime must not use.
    tokenizer.enable_padding(length=32, pad_id=0)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    return tmp_path / "small.onnx", tmp_path / "tokenizer.json"


def added(files: tuple[Path, Path], output: Path, monkeypatch: Any, **options: Any) -> Any:
    """The model, loaded by the runtime of the example."""
    adding = example_module("scorelane_transformer.add", monkeypatch)
    model = example_module("scorelane_transformer.model", monkeypatch)
    given = {"classes": CLASSES, "gives": "logits", "max_length": 32} | options
    card, _ = adding.add(*files, name="small", output=output, **given)
    return model.TransformerModel.load(output / "small", card)


def frame(texts: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"text": pd.Series(texts, dtype=object)})


def test_the_outputs_are_those_of_the_network(
    files: Any, head: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Probabilities are the softmax of what the formulas give, and the label is the largest."""
    model = added(files, tmp_path / "models", monkeypatch)
    scored = model.score(frame(TEXTS))
    tokenizer = tokenizers.Tokenizer.from_file(str(files[1]))
    tokenizer.no_padding()
    tokenizer.enable_truncation(32)
    for row, text in enumerate(TEXTS):
        powers = np.exp(logits_of(random_weights(), head, tokenizer.encode(text).ids))
        expected = powers / powers.sum()
        found = scored.loc[row, [f"probability_{one}" for one in CLASSES]]
        assert np.abs(found.to_numpy(dtype=float) - expected).max() < 1e-5
        assert scored.loc[row, "label"] == CLASSES[expected.argmax()]


def test_a_text_has_the_same_outputs_in_any_batch(
    files: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alone, among longer texts and in another order; the index is kept."""
    model = added(files, tmp_path / "models", monkeypatch)
    many = frame(TEXTS * 40)
    together = model.score(many)
    assert together.index.equals(many.index)
    for row in range(len(TEXTS)):
        alone = model.score(many.iloc[[row]])
        numbers = together.loc[[row]].select_dtypes("float64")
        assert np.abs(alone[numbers.columns] - numbers).to_numpy().max() < 1e-6
    backwards = model.score(many.iloc[::-1])
    pd.testing.assert_frame_equal(backwards.sort_index(), together, rtol=0, atol=1e-6)


def test_a_text_that_was_cut_says_so(
    files: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The output `truncated` is true where tokens were left out; it is given on request."""
    model = added(files, tmp_path / "models", monkeypatch, max_length=24)
    assert model.score(frame(TEXTS))["truncated"].tolist() == [False, False, False, True, False]
    assert "truncated" not in {one.name for one in model.card.signature.default_outputs}


def test_a_frame_without_rows_has_all_columns(
    files: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also no rows have the columns of the signature."""
    model = added(files, tmp_path / "models", monkeypatch)
    scored = model.score(frame([]))
    assert list(scored) == [one.name for one in model.card.signature.outputs]
    assert not len(scored)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"classes": ["a", "b"]}, "names 2 classes"),
        ({"gives": "probabilities"}, "no probabilities that add up to 1"),
        ({"gives": "scores"}, "must be one of logits, probabilities"),
        ({"max_length": 100}, "cannot read 100 tokens"),
    ],
)
def test_what_does_not_fit_the_graph_is_refused(
    files: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, Any],
    reason: str,
) -> None:
    """The message says what does not fit, and nothing is left of the model."""
    with pytest.raises(UnusableModel, match=reason):
        added(files, tmp_path / "models", monkeypatch, **options)
    assert not (tmp_path / "models" / "small").exists()


def test_a_graph_that_reads_the_padding_is_refused(
    head: Any, tmp_path: Path, files: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attention of this one includes the padding, so a text would depend on its batch."""
    graphs = example_module("bert_graph", monkeypatch)
    monkeypatch.setattr(graphs, "_NO_ATTENTION", 0.0)
    graph = graphs.bert_graph(random_weights(), heads=HEADS, epsilon=1e-12, head=head)
    onnx.save(graph, files[0])
    with pytest.raises(UnusableModel, match="if a text is padded"):
        added(files, tmp_path / "models", monkeypatch)


def test_a_tokenizer_that_cannot_be_read_is_refused(
    files: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of something else is no tokenizer."""
    files[1].write_text("{}")
    with pytest.raises(UnusableModel, match=r"is no tokenizer\.json"):
        added(files, tmp_path / "models", monkeypatch)


def test_the_package_names_its_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    """The entry point of pyproject.toml leads to the class, under the format of its cards."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())
    model = example_module("scorelane_transformer.model", monkeypatch)
    points = project["project"]["entry-points"]["scorelane.runtimes"]
    assert points == {model.FORMAT: "scorelane_transformer.model:TransformerModel"}
