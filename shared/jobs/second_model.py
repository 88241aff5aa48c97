"""The second model of a job that compares two: it scores the rows that the first one has scored."""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, Field

from shared.jobs.stored_signature import StoredSignature
from shared.signature import Output, Signature

#: The column that says why the second model has no values for a row, before the suffix.
ERROR = "error"


class SecondModel(BaseModel):
    """The second model of a job.

    Its outputs are appended to those of the first model in the job's `Spec`. The name of each ends
    with a suffix, and none is required: a row on which only the second model fails keeps the first
    model's values, and gets the reason in the column `error` with the suffix.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    version: str
    suffix: str = Field(
        description="What the names of its columns end with: `@`, and its alias, name or version."
    )
    signature: StoredSignature = Field(description="The columns that it takes and gives.")
    label_column: str = Field(
        "", description="The column of the upload with the labels of both models; empty: none."
    )

    @property
    def full_name(self) -> str:
        """The full name of the model version."""
        return f"{self.name}@{self.version}"

    @property
    def error(self) -> Output:
        """The column with the reason why it has no values for a row."""
        return Output(name=f"{ERROR}{self.suffix}", type="string", meaning="error", required=False)

    def own(self, columns: Iterable[str]) -> tuple[Output, ...]:
        """Its outputs, as it gives them, of which the results have columns of these names."""
        names = set(columns)
        return tuple(one for one in self.signature.outputs if self.column_of(one).name in names)

    def column_of(self, output: Output) -> Output:
        """The column of the results that has an output of its own."""
        changed = {"name": f"{output.name}{self.suffix}", "required": False, "on_request": False}
        return output.model_copy(update=changed)

    def added_to(self, signature: Signature) -> Signature:
        """The signature of a job whose first model, with what is added, has this one.

        Raises:
            ValueError: two columns have the same name.
        """
        columns = (*map(self.column_of, self.signature.outputs), self.error)
        return Signature(inputs=signature.inputs, outputs=(*signature.outputs, *columns))

    def places_in(self, signature: Signature) -> list[int]:
        """For each column that it takes, its place among those that the first model takes.

        Raises:
            ValueError: the first model does not take it, or not as this one does. The message says
                which column.
        """
        if signature.takes_text and self.signature.takes_text:
            return [0]
        taken = {one.name: at for at, one in enumerate(signature.inputs)}
        for one in self.signature.inputs:
            other = signature.inputs[taken[one.name]] if one.name in taken else None
            if other is None or other.type != one.type:
                found = f"takes it as {other.type}" if other else "does not"
                reason = f"it takes the column {one.name} ({one.type}), and the first model {found}"
                raise ValueError(reason)
            if one.required and not other.required:
                raise ValueError(f"it needs a value of {one.name}, and the first model does not")
            if one.type == "long" and one.required != other.required:
                # Without missing values it would get integers, and expects floats.
                raise ValueError(f"it takes rows without {one.name}, the first model does not")
        return [taken[one.name] for one in self.signature.inputs]
