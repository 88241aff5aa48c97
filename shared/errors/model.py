"""Errors of a model: its folder, its card, its files and its runtime."""

from shared.errors.base import ScorelaneError


class ModelError(ScorelaneError):
    """The model cannot be used."""


class UnsoundFolder(ModelError):
    """The model folder does not hold the model that it should."""


class NoModelFolder(UnsoundFolder):
    """There is no model in {folder}: {reason}. Add one with `scorelane add-model`."""


class NoCard(UnsoundFolder):
    """{folder} has no card.json, which describes a model and names its files. Add the model
    with `scorelane add-model FILE --name NAME`, which writes the card.
    """


class BadCard(UnsoundFolder):
    """{path} is not a model card: {reason}. Add the model again with `scorelane add-model`."""


class BadName(BadCard):
    """The name '{name}' (--name) cannot be used: use 1 to 64 lower-case letters, digits, - and _,
    and begin with a letter or a digit.
    """


class DigestMismatch(UnsoundFolder):
    """{path} is not the file that its card names: its sha256 is {found}, the card has
    {expected}. It was changed or damaged, so it is not loaded. Restore it, or add it again with
    `scorelane add-model`.
    """


class NoSoundModel(ModelError):
    """No model in {folder} can be served. {reasons}"""


class ModelReplaced(UnsoundFolder):
    """{folder} holds version {found} of the model now, and not {expected}, which is to be loaded.
    The files were replaced or overwritten; put that version back if jobs of it wait.
    """


class UnknownFormat(ModelError):
    """No runtime is installed for the format '{format}' of {name}. The formats here: {formats}."""


class NoRuntime(ModelError):
    """The runtime of {name} (format '{format}') cannot be imported: {reason}. Install its
    libraries (in an image: build it with WITH_TENSORFLOW=true), compile the Keras model on a
    machine that has them (scorelane compile {name}), or leave the model out with
    SCORELANE_SERVE.
    """


class UnusableModel(ModelError):
    """{path} cannot be served: {reason}."""


class OtherOutputs(ModelError):
    """{name} does not give what it gave when it was added: {found}; {versions}. Install the
    versions that its card names, or compare it with your script here and add it again
    (`scorelane add-model --expect`).
    """


class FatalModel(ModelError):
    """{times} processes in a row died while they loaded the model in {folder}: it crashes or hangs
    its runtime, or needs more memory than there is. The worker's log says how they ended.
    """


class ModelExists(ModelError):
    """There is already a folder '{name}' in {folder}, and it cannot be kept as an earlier version:
    {reason} Choose another name, or replace it with --force.
    """
