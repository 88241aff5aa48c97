"""The settings of the programs themselves: logs, metrics, processes and memory."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field

from shared.config.validation import own_port, upper


class ProgramSettings(BaseModel):
    """Logs, metrics, the number of processes, and the most memory of each."""

    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(upper)
    ] = Field("INFO", description="DEBUG names every part and batch.")
    log_format: Literal["auto", "json", "text"] = Field(
        "auto",
        description="`json`: one JSON object a line; `text`: lines to read; `auto`: text on a "
        "terminal, JSON elsewhere.",
    )
    access_log: bool = Field(
        True,
        description="Log a line for each HTTP request; health checks such as `/livez` at DEBUG.",
    )
    metrics_port: Annotated[int, BeforeValidator(own_port)] = Field(
        0,
        ge=0,
        le=65535,
        description="The port at which a worker answers `GET /metrics`; 0: none. The API "
        "answers it on its own port.",
    )
    metrics_host: str = Field(
        "127.0.0.1", description="The address at which a worker listens for that."
    )
    processes: int = Field(
        0, ge=0, description="Processes of a worker; 0: one for each core that it may use."
    )
    max_redis_bytes: int = Field(
        0,
        ge=0,
        description="The most memory of the Redis of `scorelane serve`; 0: a quarter of the "
        "machine's. A full Redis takes in nothing new. Another Redis has its own `maxmemory`.",
    )
    max_process_bytes: int = Field(
        0,
        ge=0,
        description="A worker process that holds more memory is replaced after its task; 0: "
        "four fifths of its share of the memory.",
    )
