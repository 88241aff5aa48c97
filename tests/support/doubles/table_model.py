"""A model that takes a table, and whose outputs a test can compute."""

from datetime import UTC, datetime
from typing import Any

import pandas as pd

from shared.card import Card
from shared.signature import Input, Output

#: Optional and required columns of every type but `datetime`.
INPUTS = (
    Input(name="age", type="double", required=False),
    Input(name="sex", type="string"),
    Input(name="class", type="long"),
    Input(name="alive", type="boolean", required=False),
)

#: A label, the probabilities of both classes, and a whole number of any size.
OUTPUTS = (
    Output(name="label", type="string", meaning="label"),
    Output(name="probability_yes", meaning="probability", of="yes", minimum=0, maximum=1),
    Output(name="probability_no", meaning="probability", of="no", minimum=0, maximum=1),
    Output(name="fare", type="long", meaning="prediction"),
)


class TableModel:
    """A model of a table; `table_outputs` says what it gives a row.

    It raises if a `sex` is `raise`, and gives a row whose `sex` is `nothing` no probabilities.
    """

    def __init__(
        self,
        name: str = "table",
        version: str = "00000000000a",
        inputs: tuple[Input, ...] = INPUTS,
        outputs: tuple[Output, ...] = OUTPUTS,
    ) -> None:
        """Make the model; `outputs` may mark some of `OUTPUTS` as given on request only."""
        self.card = Card(
            name=name,
            version=version,
            format="pkl",
            files={"model.pkl": "0" * 64},
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
            inputs=inputs,
            outputs=outputs,
        )
        self.calls: list[int] = []

    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        self.calls.append(len(frame))
        if (frame["sex"] == "raise").any():
            raise ValueError("this row raises")
        rows = frame[[one.name for one in INPUTS]].itertuples(index=False, name=None)
        records = [
            table_outputs(*(None if pd.isna(cell) else cell for cell in row)) for row in rows
        ]
        found = pd.DataFrame(records, index=frame.index, columns=[one.name for one in OUTPUTS])
        nothing = frame["sex"] == "nothing"
        found.loc[nothing, ["probability_yes", "probability_no"]] = float("nan")
        return found[[one.name for one in self.card.outputs]]

    def warm_up(self) -> None:
        self.calls.clear()


def table_outputs(age: float | None, sex: str, class_: int, alive: bool | None) -> dict[str, Any]:
    """What `TableModel` gives a row; None is a missing value."""
    years = 30.0 if age is None else age
    yes = (100 - years) / 200 + 0.2 * (sex == "female") + 0.05 * (4 - class_)
    yes += 0.05 if alive is None else 0.1 * alive
    yes = min(max(float(yes), 0.0), 1.0)
    return {
        "label": "yes" if yes >= 0.5 else "no",
        "probability_yes": yes,
        "probability_no": 1 - yes,
        "fare": 100 * int(class_) + int(years),
    }
