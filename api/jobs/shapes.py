"""The shape of a job as JSON, with an example."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from api.schema.column_types import EXAMPLE_OUTPUTS, OutputJson
from shared.jobs.spec import Keep, Priority
from shared.jobs.state import CallbackState, State

JobId = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Count = Annotated[int, Field(ge=0)]
Rate = Annotated[float, Field(ge=0)]


class Links(TypedDict):
    """The addresses of what belongs to a job."""

    self: str
    events: str
    results: str
    errors: str
    summary: str
    receipt: str
    cancel: str
    retry: str


class ModelName(TypedDict):
    """A model, and the version of it that the job is scored with."""

    name: str
    version: str


class SecondModelJson(ModelName):
    """The second of two models that score the rows of a job."""

    suffix: Annotated[str, Field(description="What the names of its columns end with.")]
    label_column: Annotated[str | None, Field(description="Null: there are no labels.")]


class Counts(TypedDict):
    """Rows: `completed` are scored, `failed` have an error. `total` is null until it is known."""

    total: Count | None
    completed: Count
    failed: Count


class CallbackJson(TypedDict):
    """The callback of a job; it is tried again while it is `pending`."""

    state: CallbackState
    attempts: Count
    last_error: str | None


class InputJson(TypedDict):
    """The files that a job reads where they are."""

    addresses: Annotated[list[str], Field(description="As the request has them.")]
    files: Annotated[int, Field(ge=1)]
    bytes: Count


class OutputFolderJson(TypedDict):
    """The folder that gets the results of a job before it succeeds."""

    address: str
    manifest: Annotated[str, Field(description="The address of what is written there last.")]


class JobJson(TypedDict):
    """A job in its current state."""

    id: JobId
    state: State
    detail: Annotated[str, Field(description="A sentence for people.")]
    owner: Annotated[str | None, Field(description="The owner of the key that it was sent with.")]
    model: ModelName
    second_model: Annotated[
        SecondModelJson | None, Field(description="The model that is compared with `model`.")
    ]
    outputs: Annotated[
        list[OutputJson], Field(description="The outputs of the model in the results.")
    ]
    input: Annotated[InputJson | None, Field(description="Null if its rows were sent.")]
    output: Annotated[
        OutputFolderJson | None, Field(description="Null if it stays with the service alone.")
    ]
    rows: Counts
    progress: Annotated[float, Field(ge=0, le=1)]
    rows_per_second: Rate | None
    eta_seconds: Rate | None
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    expires_at: Annotated[
        Moment | None, Field(description="When it is deleted; null until it has ended.")
    ]
    error: Annotated[str | None, Field(description="Why it failed.")]
    on_error: Annotated[
        Literal["skip", "fail"] | float,
        Field(description="A share: more rows with an error than this fail the job."),
    ]
    priority: Annotated[
        Priority, Field(description="Its share of the workers among the jobs of its owner.")
    ]
    options: Annotated[
        dict[str, str] | None,
        Field(
            description="The other options, as `POST /jobs` takes them, without `callback_url`. "
            "Null if they are not known, or too long for an address."
        ),
    ]
    keep: Annotated[Keep, Field(description="`none`: its rows are deleted after a download.")]
    rows_deleted_at: Annotated[
        Moment | None, Field(description="When its rows and results were deleted, as `keep` says.")
    ]
    callback: Annotated[CallbackJson | None, Field(description="Null without a `callback_url`.")]
    labels: dict[str, str]
    retry_of: Annotated[JobId | None, Field(description="The job that it repeats.")]
    links: Links


EXAMPLE_ID = "01a204966fa35422ff536f2ca2bb56e4"

EXAMPLE_JOB: JobJson = {
    "id": EXAMPLE_ID,
    "state": State.RUNNING,
    "detail": "126,000 rows are done.",
    "owner": None,
    "model": {"name": "fast", "version": "e5cff74e16d3"},
    "second_model": None,
    "outputs": EXAMPLE_OUTPUTS,
    "input": None,
    "output": None,
    "rows": {"total": 1_000_000, "completed": 125_990, "failed": 10},
    "progress": 0.126,
    "rows_per_second": 41873.2,
    "eta_seconds": 20.9,
    "created_at": "2026-01-01T12:00:00.000Z",
    "started_at": "2026-01-01T12:00:00.012Z",
    "finished_at": None,
    "expires_at": None,
    "error": None,
    "on_error": "skip",
    "priority": "normal",
    "options": {"text_column": "review", "retention_seconds": "86400"},
    "keep": "all",
    "rows_deleted_at": None,
    "callback": {"state": CallbackState.WAITING, "attempts": 0, "last_error": None},
    "labels": {"team": "growth"},
    "retry_of": None,
    "links": {
        "self": f"/jobs/{EXAMPLE_ID}",
        "events": f"/jobs/{EXAMPLE_ID}/events",
        "results": f"/jobs/{EXAMPLE_ID}/results",
        "errors": f"/jobs/{EXAMPLE_ID}/errors",
        "summary": f"/jobs/{EXAMPLE_ID}/summary",
        "receipt": f"/jobs/{EXAMPLE_ID}/receipt",
        "cancel": f"/jobs/{EXAMPLE_ID}/cancel",
        "retry": f"/jobs/{EXAMPLE_ID}/retry",
    },
}
