"""The idempotency key of the request that has made a job."""

from pydantic import BaseModel, ConfigDict, Field


class Binding(BaseModel):
    """The idempotency key of the request that has made a job."""

    model_config = ConfigDict(frozen=True)

    key: str = Field(description="A hash of the `Idempotency-Key` and its owner.")
    token: str = Field(description="The token of the request that holds the key.")
    fingerprint: str = Field(description="A digest of the request's content and options.")
    job_id: str = Field(
        "", description="The job that was made; empty within the `Spec` of that job."
    )
