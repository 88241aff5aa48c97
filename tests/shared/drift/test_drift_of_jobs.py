"""The drift of jobs, from the reference on the card to the summary and the last day."""

import copy
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.commands import run
from support.doubles.length_model import LengthModel
from support.in_memory import Service, make_service
from support.live import live
from support.problems import problem

from shared.card import read_card, save_card
from shared.config.places import BUNDLED_MODELS
from shared.config.settings import Settings
from shared.drift.reference import MOST_BINS, Reference, Watched
from shared.fleet import Served
from shared.model import load_model
from shared.redis.fleet import RedisFleet
from shared.redis.link import RedisLink
from training.binning import bin_of, names_watched, numbers_watched
from training.reference import reference_of
from worker.steps.watching import bins_of

WORDS = ["good", "bad", "film", "story", "fine", "dull", "plot", "acting", "scene", "music"]


def texts(rows: int, longest: int, seed: int) -> list[str]:
    random = np.random.default_rng(seed)
    return [" ".join(random.choice(WORDS, random.integers(2, longest))) for _ in range(rows)]


@pytest.fixture(scope="module")
def fast() -> Any:
    """The bundled model with the reference of 2,000 short texts."""
    model = load_model(Path(BUNDLED_MODELS) / "fast")
    rows = pd.DataFrame({"text": texts(2000, 12, seed=0)})
    found = reference_of(model, rows, "short texts")
    model.card = model.card.model_copy(update={"reference": found})
    return model


def summary_of(service: Service, rows: list[str]) -> Any:
    accepted = service.submit("\n".join(["text", *rows, ""]).encode())
    service.rows_of(accepted)
    return service.client.get(f"{accepted.location}/summary").json["drift"]


@pytest.fixture
def service(fast: Any, redis_settings: Settings) -> Service:
    limits = {"default_model": "fast", "min_part_rows": 100, "part_seconds": 1e-9}
    return make_service(redis_settings.model_copy(update=limits), model=fast)


def test_rows_like_those_of_the_reference_are_stable(service: Service) -> None:
    """Each column is compared, and the verdict is that of all."""
    found = summary_of(service, texts(1500, 12, seed=1))
    titles = [(one["name"], one["aspect"], one["rows"]) for one in found["columns"]]
    assert titles == [
        ("Sentiment_Score", "value", 1500),
        ("text", "characters", 1500),
        ("text", "known words", 1500),
    ]
    assert found["verdict"] == "stable"
    assert all(one["psi"] < 0.1 and one["distance"] < 0.1 for one in found["columns"])
    assert (found["reference_rows"], found["reference_source"]) == (2000, "short texts")


def test_longer_texts_are_drift(service: Service) -> None:
    """Of texts that are three times as long the lengths have drifted; the day has all rows."""
    summary_of(service, texts(1500, 12, seed=1))
    found = summary_of(service, texts(1500, 36, seed=2))
    verdicts = {one["aspect"]: one["verdict"] for one in found["columns"]}
    assert verdicts["characters"] == "drift"
    assert found["verdict"] == "drift"
    day = service.client.get("/models/fast/drift").json
    assert {one["rows"] for one in day["columns"]} == {3000}
    assert day["reach"]["rows"] == 3000
    assert day["verdict"] == "drift"


def job_of(service: Service, rows: list[str]) -> str:
    accepted = service.submit("\n".join(["text", *rows, ""]).encode())
    service.rows_of(accepted)
    return str(accepted.location.rpartition("/")[2])


def drift_of_day(service: Service, query: str = "") -> Any:
    answer = service.client.get(f"/models/fast/drift?{query}")
    assert answer.status_code == 200, answer.text
    return answer.json


def test_two_jobs_are_compared(service: Service) -> None:
    """One with the reference of the model, or with another job in its place."""
    short, long = job_of(service, texts(1500, 12, seed=1)), job_of(service, texts(1500, 36, seed=2))
    alone = drift_of_day(service, f"job={long}")
    summary = service.client.get(f"/jobs/{long}/summary").json
    assert {name: alone[name] for name in summary["drift"]} == summary["drift"]
    assert (alone["job"], alone["reach"]) == (long, summary["reach"])
    both = drift_of_day(service, f"job={short}&reference={long}")
    assert both["reference_source"] == f"of job {long}"
    assert both["reference_rows"] == 1500
    verdicts = {one["aspect"]: one["verdict"] for one in both["columns"]}
    assert verdicts["characters"] == "drift"
    same = drift_of_day(service, f"job={long}&reference={long}")
    assert (same["verdict"], {one["psi"] for one in same["columns"]}) == ("stable", {0.0})


def test_the_day_is_compared_with_a_job(service: Service) -> None:
    """The rows of that job are none of the day, though it has just ended."""
    long = job_of(service, texts(1500, 36, seed=2))
    note = drift_of_day(service, f"reference={long}")["note"]
    assert note == "No row was counted: there was none."
    job_of(service, texts(1500, 36, seed=3))
    job_of(service, texts(1000, 36, seed=4))
    found = drift_of_day(service, f"reference={long}")
    assert found["verdict"] == "stable"
    assert {one["rows"] for one in found["columns"]} == {2500}
    assert drift_of_day(service)["verdict"] == "drift"


def test_what_a_job_is_not_compared_with(service: Service, fast: Any) -> None:
    """A job of another version, or of which nothing was counted; and what is no option."""
    job, empty = job_of(service, texts(200, 12, seed=1)), job_of(service, ['""'])
    other = fast.card.model_copy(update={"version": "00000000abcd"})
    service.fleet.announce("node", [Served(card=other, rate=1)])
    path = "/models/fast@00000000abcd/drift"
    detail = problem(service.client.get(f"{path}?job={job}"), 400, "bad-option")
    assert f"it was scored by {fast.card.full_name}" in detail
    path = f"/models/{fast.card.full_name}/drift"
    problem(service.client.get(f"{path}?job={'0' * 32}"), 410, "job-lost")
    problem(service.client.get(f"{path}?jobs={job}"), 400, "unknown-option")
    detail = problem(service.client.get(f"{path}?job={job}&job=0"), 400, "bad-option")
    assert "it has two values" in detail
    detail = problem(service.client.get(f"{path}?reference={empty}"), 400, "bad-option")
    assert "none of its rows was counted" in detail


def test_the_command_compares_jobs_and_files(service: Service, tmp_path: Path) -> None:
    """`scorelane drift` of a job, with another one, and with a file, which it scores for that."""
    long = job_of(service, texts(1500, 36, seed=2))
    job_of(service, texts(1500, 36, seed=3))
    file = tmp_path / "reference.csv"
    file.write_text("\n".join(["text", *texts(1500, 36, seed=4), ""]))
    with live(service.app) as port:
        url = f"http://127.0.0.1:{port}"
        said = run("drift", "fast", "--job", long, "--url", url).stdout
        assert f", job {long}\nDrift: drift (text: characters)" in said
        said = run("drift", "fast", "--job", long, "--reference", long, "--url", url).stdout
        assert f"compared with 1,500 reference rows, of job {long}." in said
        with ThreadPoolExecutor(1) as pool:
            said = pool.submit(run, "drift", "fast", "--reference", str(file), "--url", url)
            while not said.done():
                service.work()
        found = said.result()
        assert found.exit_code == 0, found.stderr
        assert "Drift: stable, compared with 1,500 reference rows, of job" in found.stdout
        assert "  3,000  " in found.stdout.replace("│", " ")
        file.write_text("review\ngood\n")
        refused = run("drift", "fast", "--reference", str(file), "--url", url)
        assert "the option --text-column. `scorelane submit` has the options" in refused.stderr


def test_a_few_rows_are_too_few_to_tell(service: Service) -> None:
    """Ten rows say nothing, unless they are far away."""
    assert summary_of(service, texts(10, 12, seed=3))["verdict"] == "too few rows to tell"


def test_a_model_without_a_reference_says_so(redis_settings: Settings) -> None:
    """There is no verdict, and the note says how to make a reference."""
    service = make_service(redis_settings.model_copy(update={"default_model": "length"}))
    found = summary_of(service, ["good", "bad"])
    assert (found["verdict"], found["columns"]) == (None, [])
    assert "add-model" in found["note"]


def test_the_columns_of_a_table_are_watched(redis_settings: Settings) -> None:
    """Numbers, names, booleans and missing values of a table are compared, and its outputs."""
    from support.doubles.table_model import TableModel  # noqa: PLC0415

    model = TableModel()
    random = np.random.default_rng(0)
    rows = pd.DataFrame(
        {
            "age": np.where(random.random(1000) < 0.2, np.nan, random.normal(40, 10, 1000)),
            "sex": random.choice(["female", "male"], 1000).astype(object),
            "class": random.integers(1, 4, 1000),
            "alive": random.choice(np.array([True, False], dtype=object), 1000),
        }
    )
    frame = pd.DataFrame({one.name: rows[one.name] for one in model.card.signature.inputs})
    model.card = model.card.model_copy(update={"reference": reference_of(model, frame, "made up")})
    settings = redis_settings.model_copy(update={"default_model": model.card.name})
    service = make_service(settings, model=model)
    older = frame.assign(age=frame["age"].fillna(70) + 20)
    accepted = service.submit(older.to_csv(index=False).encode())
    service.rows_of(accepted)
    found = service.client.get(f"{accepted.location}/summary").json["drift"]
    columns = {one["name"]: one for one in found["columns"] if one["role"] == "input"}
    assert columns["age"]["verdict"] == "drift"
    assert (columns["age"]["missing"], round(columns["age"]["reference_missing"], 1)) == (0.0, 0.2)
    assert (columns["sex"]["verdict"], columns["sex"]["distance"]) == ("stable", 0.0)
    assert columns["class"]["psi"] == 0.0


@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=200),
    st.lists(st.floats(allow_nan=True), max_size=20),
)
def test_numbers_are_put_into_bins_alike(made_of: list[float], others: list[float]) -> None:
    """Workers count many numbers at once as they are counted one by one."""
    column = numbers_watched(made_of, "x", "input")
    if column is None:
        assert not np.isfinite(made_of).any()
        return
    assert sum(column.counts) == len(made_of)
    assert len(column.edges) < MOST_BINS
    values = [*made_of, *others, *column.edges]
    assert bins_of(column, np.array(values)).tolist() == [bin_of(column, one) for one in values]


@given(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=1))
def test_names_are_put_into_bins_alike(made_of: list[str | None]) -> None:
    """The same of names: a missing one, those that are known, and any other."""
    column = names_watched(made_of, "x", "input")
    values = [*made_of, "a", "other", None]
    if column:
        assert bins_of(column, values).tolist() == [bin_of(column, one) for one in values]


def test_long_or_many_values_are_no_names() -> None:
    """A card must not hold texts: values that are long, or more than fifty, are not kept."""
    assert names_watched([f"v{at}" for at in range(51)], "x", "input") is None
    assert names_watched(["a" * 65, "b"], "x", "input") is None


def test_a_reference_is_no_part_of_the_version(fast: Any, tmp_path: Path) -> None:
    """A card with a reference has the same version, and a card without one has no such field."""
    folder = tmp_path / "fast"
    folder.mkdir()
    source = Path(BUNDLED_MODELS) / "fast"
    card = read_card(source)
    for name in card.digests:
        (folder / name).write_bytes((source / name).read_bytes())
    save_card(folder, card.model_copy(update={"reference": fast.card.reference}))
    assert read_card(folder).reference == fast.card.reference
    assert read_card(folder).version == card.version
    save_card(folder, card.model_copy(update={"reference": None}))
    assert "reference" not in (folder / "card.json").read_text()


def test_announcements_leave_references_out(
    link: RedisLink, redis_settings: Settings, fast: Any
) -> None:
    """Releases that do not know them can read announcements; the fleet gives them on their own."""
    fleet = RedisFleet(link, redis_settings)
    other = LengthModel()
    fleet.announce("here-1", [Served(card=fast.card, rate=1), Served(card=other.card, rate=1)])
    stored = [text for key in link.client.keys("*") if "reference" not in key for text in [key]]
    for key in stored:
        if link.client.type(key) == "hash":
            assert not any("known words" in text for text in link.client.hvals(key))
    assert fleet.reference(fast.card.full_name) == fast.card.reference
    assert fleet.reference(other.card.full_name) is None


def test_columns_that_the_model_does_not_have_are_not_counted(
    fast: Any, redis_settings: Settings
) -> None:
    """A card that was edited by hand must not stop a job."""
    columns = (
        Watched(name="age", role="input", edges=(1.0,), counts=(0, 1, 1)),
        Watched(name="text", role="input", edges=(1.0,), counts=(0, 1, 1)),
        Watched(name="Sentiment_Score", role="output", values=("a",), counts=(0, 1, 1)),
        Watched(name="text", role="input", aspect="characters", edges=(9.5,), counts=(0, 1, 1)),
    )
    model = copy.copy(fast)
    about = {"reference": Reference(rows=2, columns=columns)}
    model.card = fast.card.model_copy(update=about)
    service = make_service(redis_settings.model_copy(update={"default_model": "fast"}), model=model)
    found = summary_of(service, ["good film", "a very long text"])
    assert [one["aspect"] for one in found["columns"]] == ["characters"]


def test_an_edited_reference_counts_apart(fast: Any) -> None:
    """Counts in the bins of another reference are not taken for those of this one."""
    first = fast.card.reference
    column = first.columns[0].model_copy(update={"edges": (0.5,), "counts": (0, 1, 1)})
    other = Reference(rows=2, columns=(column,))
    assert other.name_of(0) != first.name_of(0)
