"""Which share of the work of a champion also goes, or goes instead, to the challenger."""

from hashlib import sha256

from pydantic import BaseModel, ConfigDict, Field

#: The alias of the version that gets a share of the champion's work.
CHALLENGER = "challenger"


class Traffic(BaseModel):
    """The shares of one challenger. They are of no effect once the alias points elsewhere.

    So a version gets no work because another one had some before it.
    """

    model_config = ConfigDict(frozen=True)

    version: str = Field(description="The version that was the challenger when they were set.")
    canary: float = Field(
        0.0, ge=0, le=1, description="Of new jobs and questions: it scores them in place of."
    )
    shadow: float = Field(0.0, ge=0, le=1, description="Of new jobs: it scores them too.")


def is_drawn(key: str, salt: str, share: float) -> bool:
    """Whether something is in a share: the same answer for the same key, whoever asks.

    A larger share has everything that a smaller one has.

    Args:
        key: what is drawn, such as an owner.
        salt: what it is drawn for; draws for different purposes are independent.
        share: from 0 to 1.
    """
    digest = sha256(f"{salt}\0{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64
