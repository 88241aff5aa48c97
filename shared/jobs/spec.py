"""The specification of a job: what was asked."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.jobs.added_outputs import AddedOutputs
from shared.jobs.binding import Binding
from shared.jobs.digest import Digest
from shared.jobs.keys import folder_of, manifest_key_of, upload_key_of
from shared.jobs.second_model import SecondModel
from shared.jobs.shadow import Shadow, ShadowOf
from shared.jobs.sources import Sources
from shared.jobs.stored_signature import StoredSignature
from shared.signature import SENTIMENT
from shared.tables.layouts import Layout
from shared.tables.result_columns import ResultColumns

#: The priority of a job, among the jobs of its owner.
Priority = Literal["low", "normal", "high"]

#: The share of the workers that a job gets by its priority, next to others of its owner.
PRIORITY_WEIGHTS: dict[Priority, float] = {"low": 0.25, "normal": 1, "high": 4}

#: Which of its rows a job keeps after its results were downloaded; see `shared.jobs.clearing`.
Keep = Literal["all", "none"]

#: The formats in which a job's results can be stored.
ResultFormat = Literal["csv", "ndjson", "parquet"]


class Spec(BaseModel):
    """The specification of a job: what was asked. It never changes."""

    model_config = ConfigDict(frozen=True)

    id: str
    model: str
    version: str
    kind: Literal["bulk", "small"]
    layout: Layout
    size: int = Field(ge=0, description="The size of the upload, in bytes.")
    received: Digest | None = Field(
        None, description="The digest of what was sent, unpacked; None: unknown, or not rows."
    )
    traceparent: str = Field("", description="The traceparent of the request, if it had one.")
    owner: str = Field("", description="The owner; empty if the API requires no keys.")
    key: str = Field("", description="The id of the API key that sent it; empty: none, or unknown.")
    signature: StoredSignature = Field(
        SENTIMENT,
        description="The columns that the model takes and gives, and then the added outputs.",
    )
    added: tuple[AddedOutputs, ...] = Field(
        (), description="The kinds of outputs that the job has beyond those of its model."
    )
    second: SecondModel | None = Field(
        None, description="The model that is compared with the first one; None: there is none."
    )
    shadow: Shadow | None = Field(
        None, description="The job in which a challenger scores the same rows; None: it gets none."
    )
    shadow_of: ShadowOf | None = Field(
        None, description="The job whose rows this shadow scores; None: it is no shadow."
    )
    outputs: tuple[str, ...] = Field(
        (), description="Names of the outputs in the results; none: those that need no request."
    )
    columns: tuple[str, ...] = Field(
        (),
        description="Names of the columns that are carried through, in the order of the results.",
    )
    result_format: ResultFormat = Field("csv", description="The format of the stored results.")
    as_batch: bool = Field(False, description="The results are also stored as `/v1` returns them.")
    callback_url: str = Field("", description="It is called when the job ends; empty: none.")
    about_rows: int = Field(
        0, ge=0, description="The number of rows, as estimated when the job was accepted."
    )
    most_rows: int | None = Field(None, ge=0, description="It has no more; None: not known.")
    rows_per_part: int = Field(
        1,
        ge=1,
        description="The most rows of a part. Fixed, so that a second split cuts the same parts.",
    )
    fixed_rows: int = Field(
        0,
        ge=0,
        description="The rows that the model scores in the time that a part takes besides its "
        "rows; by this, turns are fair between large parts and small ones.",
    )
    fine_from: int | None = Field(
        None,
        description="From this byte of the upload on, parts are finer. Fixed for the same reason.",
    )
    tolerance: float = Field(
        1.0, ge=0, le=1, description="The job fails when a larger share of its rows has an error."
    )
    priority: Priority = Field("normal", description="Its priority, among the jobs of its owner.")
    binding: Binding | None = Field(None, description="The idempotency key, if there was one.")
    retry_of: str | None = Field(
        None, description="The job that this job retries: the source of its rows and parts."
    )
    labels: dict[str, str] = Field({}, description="Labels, by which jobs can be found.")
    options: dict[str, str] | None = Field(
        None, description="Other options, as the request has them; None: unknown, or too long."
    )
    retention: float | None = Field(
        None,
        gt=0,
        description="Seconds that the job is kept after its end; None: as the settings say.",
    )
    keep: Keep = Field(
        "all", description="`none`: its rows and results are deleted after their download."
    )
    sources: Sources | None = Field(
        None, description="The files that it reads where they are; None: its rows were sent."
    )
    output: str = Field(
        "", description="The folder of the owner that gets the results, as an address; or empty."
    )

    @property
    def full_name(self) -> str:
        """The full name of the model version that scores the job: `fast@1f2e3d4c5b6a`."""
        return f"{self.model}@{self.version}"

    @property
    def full_names(self) -> list[str]:
        """The full names of all model versions that score the job."""
        return [self.full_name, *([self.second.full_name] if self.second else [])]

    @property
    def folder(self) -> str:
        """What the keys of all blobs of the job begin with."""
        return folder_of(self.id)

    @property
    def upload_key(self) -> str:
        """The key of the blob with the upload."""
        return upload_key_of(self.id)

    @property
    def kept_key(self) -> str:
        """The key of the blob with the upload of a job that has ended and may be retried."""
        return f"{self.folder}kept"

    @property
    def rows_folder(self) -> str:
        """What the keys of the blobs with stored rows begin with."""
        return f"{self.folder}rows/"

    @property
    def all_rows_key(self) -> str:
        """The key of the blob with all rows of a batch, in the form of `stored_rows`.

        The blob appears when all rows are in it.
        """
        return f"{self.rows_folder}all.ndjson"

    def rows_key(self, part: int) -> str:
        """The key of the blob with the stored rows of a part of a Parquet file."""
        return f"{self.rows_folder}{part:06d}.ndjson"

    @property
    def manifest_key(self) -> str:
        """The key of the blob with the manifest."""
        return manifest_key_of(self.id)

    @property
    def result_columns(self) -> ResultColumns:
        """The columns of the results."""
        chosen = self.signature.outputs_named(self.outputs) or self.signature.default_outputs
        return ResultColumns(chosen, self.columns)

    @property
    def stored_columns(self) -> ResultColumns:
        """The columns of the stored rows: small jobs are scored together, with all outputs."""
        if self.kind == "bulk":
            return self.result_columns
        return ResultColumns(self.signature.outputs, self.columns)

    @property
    def part_format(self) -> Literal["csv", "ndjson"]:
        """The format of the result parts.

        The parts of a Parquet result are CSV: the file is made from all parts when the job ends.
        The result of a small job is always CSV, and is converted when it is downloaded.
        """
        return "ndjson" if self.result_format == "ndjson" and self.kind == "bulk" else "csv"

    def batch_key(self, part: int) -> str:
        """The key of the blob with the result rows of a part as lines of a batch's files."""
        return f"{self.folder}batch/{part:06d}.jsonl"

    def result_key(self, part: int) -> str:
        """The key of the blob with the result rows of a part; every attempt writes the same key."""
        return f"{self.folder}results/{part:06d}.{self.part_format}"

    @property
    def whole_key(self) -> str:
        """The key of the blob with all result rows, for a format that is not parts in a row."""
        return f"{self.folder}results.{self.result_format}"
