"""The settings of how long the API waits, for clients and with them, and of callbacks."""

from pathlib import Path

from pydantic import BaseModel, Field, SecretStr


class ConnectionSettings(BaseModel):
    """Slow clients, streams, waiting requests, callbacks and repeated requests."""

    head_seconds: float = Field(
        20.0, gt=0, description="The time in which a client must send the head of a request."
    )
    client_pause_seconds: float = Field(
        30.0,
        gt=0,
        description="How long a client may pause while it sends the body of a request or reads a "
        "response; a third of this while other requests wait for a thread.",
    )
    client_bytes_per_second: float = Field(
        1000.0,
        gt=0,
        description="The least rate of a body or a response in the long run. It is not "
        "measured while the API works on the request.",
    )

    max_streams: int = Field(
        16,
        ge=1,
        le=31,
        description="Streams of `/jobs/<id>/events` in one API process. Each of them holds one "
        "of its 40 threads.",
    )
    stream_seconds: float = Field(
        900.0, gt=0, description="A stream ends after this time; its client connects again."
    )
    max_wait_seconds: int = Field(
        30,
        ge=0,
        description="The longest time that a request may wait for the end of a job (`Prefer: "
        "wait=N`).",
    )
    waiting_requests: int = Field(
        8,
        ge=0,
        description="Requests that may wait for a job at the same time in one API process, "
        "which has 40 threads; another request is answered at once.",
    )
    webhook_secrets: SecretStr = Field(
        SecretStr(""),
        description="Secrets that sign callbacks: `whsec_` and 24 to 64 bytes in base64, "
        "separated by semicolons. Each of them signs, so that they can be replaced. "
        "The API and the workers need them; without any, a `callback_url` is "
        "refused.",
    )
    webhook_secrets_file: Path | None = Field(
        None, description="A file of such secrets, one a line."
    )
    callback_allow: str = Field(
        "",
        description="Private networks, addresses and host names that callbacks may go to, and from "
        "which `https://` files may be read, separated by commas. Without them, only public "
        "addresses are used.",
    )
    callback_timeout: float = Field(
        10.0, gt=0, le=60, description="A delivery that takes longer has failed."
    )
    callback_backoff_seconds: float = Field(
        5.0,
        gt=0,
        description="The time until a failed callback is tried again; it grows sixfold with "
        "each attempt, up to twelve hours.",
    )
    callback_give_up_seconds: float = Field(
        36 * 3600.0,
        gt=0,
        description="The time after a job's end at which its callback is given up.",
    )
    idempotency_seconds: int = Field(
        86400,
        gt=0,
        description="How long an `Idempotency-Key` belongs to the job that it has made.",
    )
    drain_seconds: float = Field(
        2.0,
        ge=0,
        description="How long a stopping replica of the API goes on serving, while `/readyz` "
        "says that it stops. Let the health checks of a load balancer be more "
        "frequent than this.",
    )
