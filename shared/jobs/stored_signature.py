"""The signature of a model as the record of a job has it."""

from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

from shared.signature import SENTIMENT, Signature


def _brief(signature: Signature) -> dict[str, Any] | None:
    """A signature for JSON; None for that of the article, as it is in most jobs."""
    if signature == SENTIMENT:
        return None
    return signature.model_dump(exclude_defaults=True)


#: A signature that takes little room in a record.
StoredSignature = Annotated[
    Signature,
    BeforeValidator(lambda value: value or SENTIMENT),
    PlainSerializer(_brief),
]
