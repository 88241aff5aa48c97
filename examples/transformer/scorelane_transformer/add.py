"""`scorelane-transformer`: a model folder from a tokenizer and an ONNX file."""

import argparse
import shutil
from pathlib import Path

import pandas as pd

from scorelane_transformer.model import (
    FORMAT,
    GIVES,
    TOKENIZER_FILE,
    TransformerModel,
    signature_of,
)
from shared.config.settings import load_settings
from shared.errors.base import ScorelaneError
from shared.model import Card, write_card
from training.model_folder import library_versions, new_model_folder


def add(
    onnx_file: Path,
    tokenizer: Path,
    *,
    name: str,
    classes: list[str],
    gives: str,
    max_length: int,
    output: Path,
    text: str = "A text to try it with.",
    force: bool = False,
) -> tuple[Card, pd.DataFrame]:
    """Copy the files into `output/name`, write the card, and try the model.

    Args:
        onnx_file: the graph; its weights must be in it.
        tokenizer: the `tokenizer.json`.
        name: the name of the model.
        classes: the names of the classes, in the order of the graph's output.
        gives: `logits` or `probabilities`.
        max_length: the most tokens of a text that the model reads.
        output: the folder of models.
        text: a text to try.
        force: remove an existing model of the same name, in place of keeping it as a version.

    Returns:
        The card, and the outputs for the text.

    Raises:
        shared.errors.model.ModelError: the model cannot be served, or exists already; nothing is
            left in `output`.
    """
    with new_model_folder(output, name, force=force) as folder:
        shutil.copyfile(onnx_file, folder / f"model.{FORMAT}")
        shutil.copyfile(tokenizer, folder / TOKENIZER_FILE)
        card = write_card(
            folder,
            name=name,
            format=FORMAT,
            files=[f"model.{FORMAT}", TOKENIZER_FILE],
            options={"classes": classes, "gives": gives, "max_length": max_length},
            signature=signature_of(classes),
            libraries=library_versions("onnxruntime", "tokenizers"),
        )
        model = TransformerModel.load(folder, card)
        frame = pd.DataFrame({"text": pd.Series([text], dtype=object)})
        return card, model.score(frame)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Add a transformer text classifier to Scorelane.")
    parser.add_argument("file", type=Path, help="the ONNX file")
    parser.add_argument("--tokenizer", type=Path, required=True, help="the tokenizer.json")
    parser.add_argument("--name", required=True, help="the name of the model")
    parser.add_argument(
        "--classes", required=True, help="the classes in the order of the output: a,b,c"
    )
    parser.add_argument(
        "--gives", choices=GIVES, required=True, help="what the output of the graph is"
    )
    parser.add_argument(
        "--max-length", type=int, required=True, help="the most tokens that the model reads"
    )
    parser.add_argument("--try", dest="text", default="A text to try it with.", help="a text")
    parser.add_argument("--force", action="store_true", help="replace a model of this name")
    options = parser.parse_args()
    models = load_settings().models_dir
    try:
        card, scored = add(
            options.file,
            options.tokenizer,
            name=options.name,
            classes=options.classes.split(","),
            gives=options.gives,
            max_length=options.max_length,
            output=models,
            text=options.text,
            force=options.force,
        )
    except ScorelaneError as error:
        raise SystemExit(str(error)) from error
    print(f"{card.full_name} is in {models / card.name}.")
    print(f"Of a longer text it reads the first {options.max_length} tokens; the output truncated")
    print("says which texts were cut (--outputs label,truncated).")
    print(f"{options.text} ->")
    for output, value in scored.iloc[0].items():
        print(f"  {output}: {value:.6f}" if isinstance(value, float) else f"  {output}: {value}")


if __name__ == "__main__":
    main()
