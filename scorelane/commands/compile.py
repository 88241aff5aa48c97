"""`scorelane compile`: a compiled file for a Keras model that has none, or an older one."""

from pathlib import Path

import click

from scorelane.commands.common import model_options
from scorelane.commands.common.failures import Mistake
from scorelane.commands.common.tensorflow_lines import without_tensorflow_lines
from shared.config.settings import load_settings


@click.command("compile", epilog="Example: scorelane compile mine")
@click.argument("model")
@model_options.models_dir
def compile_(model: str, models_dir: Path | None) -> None:
    """Compile a Keras model, so that it is served without TensorFlow, and much faster.

    MODEL is a model's name, or its folder. `train` and `add-model` compile by themselves; use this
    command for a model folder that was made by an older release.
    """
    if load_settings().models and models_dir is None and not Path(model).is_dir():
        raise Mistake(
            f"{model} is in object storage (SCORELANE_MODELS). Copy its folder to this machine, "
            "name that folder here, and copy it back under another name."
        )
    folder = model_options.model_folder(model, models_dir)
    with without_tensorflow_lines():
        from training.onnx.compile import compile_model  # noqa: PLC0415  see model_options

        card = compile_model(folder)
    click.echo(f"{card.full_name} is in {folder}.")
    if not model_options.print_if_compiled(card):
        raise SystemExit(1)
