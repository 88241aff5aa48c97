"""The shadow of a job: a second job, in which a challenger scores the same rows for operators."""

from pydantic import BaseModel, ConfigDict, Field

from shared.jobs.stored_signature import StoredSignature
from shared.signature import Output

#: The owner of all shadows. It is the name of no key's owner, so only admins see these jobs, and
#: their rows are in nobody's budget or usage.
SHADOW_OWNER = "(shadow)"

#: The label of a shadow, with the id of the job that it follows.
SHADOW_LABEL = "shadow_of"

#: What the names of a shadow's columns end with in a comparison.
SHADOW_SUFFIX = "@challenger"


class Shadow(BaseModel):
    """The shadow that a job gets when it succeeds."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(description="The id of the shadow.")
    version: str = Field(description="The version of the model that scores it.")
    signature: StoredSignature = Field(description="The columns that it takes and gives.")


class ShadowOf(BaseModel):
    """The job whose rows a shadow scores."""

    model_config = ConfigDict(frozen=True)

    id: str
    version: str
    outputs: tuple[Output, ...] = Field(description="The outputs in its results.")

    def compared_outputs(self, own: tuple[Output, ...]) -> tuple[Output, ...]:
        """The outputs of the job, and those of the shadow with a suffix."""
        changed = {"required": False}
        renamed = [
            one.model_copy(update={"name": f"{one.name}{SHADOW_SUFFIX}"} | changed) for one in own
        ]
        return (*self.outputs, *renamed)
