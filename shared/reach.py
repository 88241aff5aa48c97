"""What a model of texts has read of each text: its reach.

A score says nothing of a text whose words the model does not know, or of the part of a long text
that it does not read. So a model that can tell returns these columns next to its outputs, from
`Model.with_reach`. Their names begin with a line break, which the name of no output has.
"""

from typing import Literal

from shared.signature import Output

#: The words that the model read, and those of them that it knows: in its vocabulary, alone or as
#: part of a longer term. A stop word is known: the model leaves it out on purpose.
WORDS, KNOWN = "\nwords", "\nknown words"

#: Whether the text has more words than the model reads, so that the rest does not count.
CUT = "\ntext cut"

#: Whether the text looks like another language than the model's; see
#: `scoring.words.languages.Languages`.
OTHER_LANGUAGE = "\nother language"

#: The columns, in the form in which a worker asks for outputs.
_TYPES: dict[str, Literal["long", "boolean"]] = {
    WORDS: "long",
    KNOWN: "long",
    CUT: "boolean",
    OTHER_LANGUAGE: "boolean",
}
REACH: tuple[Output, ...] = tuple(
    # Not checked, because of the names.
    Output.model_construct(name=name, type=kind, meaning="prediction", required=False)
    for name, kind in _TYPES.items()
)
