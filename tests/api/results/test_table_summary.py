"""`/jobs/<id>/summary` of models that take a table and give several outputs."""

import json
from typing import Any

import numpy as np
import pytest
from support.doubles.table_model import OUTPUTS, TableModel, table_outputs
from support.in_memory import Service, make_service

from shared.config.settings import Settings
from shared.redis.link import RedisLink

#: The cells of some rows; the class of every ninth cannot be read.
PEOPLE: list[tuple[Any, ...]] = [
    (0.5 + at * 1.25, "male" if at % 3 else "=female", "first" if at % 9 == 4 else at % 4, at % 2)
    for at in range(120)
]
GOOD = [table_outputs(age, sex, n, bool(a)) for age, sex, n, a in PEOPLE if n != "first"]
CSV = "age,sex,class,alive\n" + "".join(
    f"{age},{sex},{number},{bool(alive)}\n" for age, sex, number, alive in PEOPLE
)


@pytest.fixture(params=["memory", "redis"])
def tables(request: pytest.FixtureRequest, redis_settings: Settings, link: RedisLink) -> Service:
    """The whole service in memory; its job store also in a real Redis."""
    settings = redis_settings.model_copy(update={"lease_seconds": 0.0})
    own = link if request.param == "redis" else None
    return make_service(settings, own, model=TableModel())


def check(found: dict[str, Any]) -> None:
    """Check that this is the summary of `PEOPLE`."""
    assert found["scores"] is None
    assert found["rows"]["failed"] == len(PEOPLE) - len(GOOD)
    by_name = {one["name"]: one for one in found["outputs"]}
    assert list(by_name) == [output.name for output in OUTPUTS]
    for output in OUTPUTS:
        one, values = by_name[output.name], [row[output.name] for row in GOOD]
        assert one["count"] == len(GOOD)
        if "labels" in one:
            counted = {label["value"]: label["rows"] for label in one["labels"]}
            assert counted == {value: values.count(value) for value in set(values)}
            continue
        assert (one["min"], one["max"]) == (min(values), max(values))
        assert one["mean"] == pytest.approx(np.mean(values))
        assert sum(bin_["rows"] for bin_ in one["histogram"]) == len(values)
        for share, value in one["quantiles"].items():
            exact = np.quantile(values, float(share), method="lower")
            bound = one["absolute_error"] or one["relative_error"] * abs(exact)
            assert abs(value - exact) <= bound * (1 + 1e-9)


def test_the_summary_of_a_table(tables: Service) -> None:
    """Each output is summed up, the rows with an error left out."""
    url = tables.submit(CSV.encode()).location
    tables.work()
    check(tables.client.get(f"{url}/summary").json)


def test_a_part_of_a_table_that_is_done_twice(
    tables: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It counts once, and the same if its rows come from the stored result."""
    url = tables.submit(CSV.encode()).location
    with monkeypatch.context() as dying:
        dying.setattr(tables.store, "complete_part", dying.undo)
        tables.pipeline.split(url.rpartition("/")[2])
        with pytest.raises(TypeError):
            tables.work()
    monkeypatch.undo()
    for message in [*tables.dispatch.messages]:
        tables.dispatch.messages += [message, message]
    tables.reconcile()
    tables.work()
    check(tables.client.get(f"{url}/summary").json)


def test_a_small_job_of_a_table(tables: Service) -> None:
    """It is summed up from its rows, by the outputs that it gets."""
    records = [
        {"age": age, "sex": sex, "class": number, "alive": bool(alive)}
        for age, sex, number, alive in PEOPLE
        if number != "first"
    ]
    accepted = tables.client.post("/jobs", json=records, query_string={"outputs": "fare,label"})
    tables.work()
    found = tables.client.get(f"{accepted.location}/summary").json
    assert [one["name"] for one in found["outputs"]] == ["fare", "label"]
    assert [one["count"] for one in found["outputs"]] == [len(GOOD)] * 2
    assert json.dumps(found, allow_nan=False)
