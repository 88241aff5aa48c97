"""The pictures in the docs: `make screenshots` saves each in both colours.

The pages show real answers of a real service. Only ids, times, rates and memory are replaced by
fixed ones, so that a picture changes only if its page does.
"""

import math
import os
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from support.browser.console import open_console
from support.browser.restaurant import add_bookings_model, bookings, reviews
from support.browser.screenshots import Screenshots
from support.browser.window import Window, drop
from support.programs import FAST, Programs, signal_all

pytestmark = pytest.mark.skipif(
    not os.environ.get("SCREENSHOTS"), reason="makes pictures for the docs: make screenshots"
)

NOW = datetime(2026, 5, 18, 15, 30, tzinfo=UTC)

#: Rows of the job that runs in the pictures.
MANY = 400_000

#: Rows per second of a job that runs.
RATE = 14_200

#: The jobs of the list, the oldest first: label, minutes since they were made, seconds they took.
LISTED = {
    "season:spring": (0.3, 0),
    "city:lisbon": (0.05, 0),
    "city:porto": (0.1, 0),
    "month:june": (0.2, 0),
    "team:kitchen": (1460, 1),
    "city:turin": (1220, 2),
    "month:march": (312, 1),
    "city:oslo": (185, 2),
    "month:april": (96, 2),
    "city:vienna": (41, 1),
}


def steady_job(job: dict[str, Any]) -> None:
    """Give a job times that depend on its labels alone, and a fixed rate."""
    labels = [f"{name}:{value}" for name, value in job["labels"].items()]
    minutes, seconds = next((LISTED[one] for one in labels if one in LISTED), (2, 2))
    made = NOW - timedelta(minutes=minutes)
    times = {"created_at": 0, "started_at": 1, "finished_at": 1 + seconds, "expires_at": 604_800}
    for name, after in times.items():
        if job.get(name):
            job[name] = (made + timedelta(seconds=after)).isoformat()
    if job["state"] == "running":
        left = job["rows"]["total"] - job["rows"]["completed"]
        job |= {"rows_per_second": RATE, "eta_seconds": left / RATE}
    elif job.get("rows_per_second"):
        job["rows_per_second"] = job["rows"]["completed"] / seconds


def steady_service(found: dict[str, Any]) -> None:
    """Give the service a history of 15 minutes in which some files came."""
    found["time"] = NOW.isoformat()

    now = found["now"]
    jobs = now["jobs"]["bulk"]["waiting"]

    def sample(at: int) -> dict[str, Any]:
        load = max(0.0, math.sin(at / 9 + 4.6) + 0.3 * math.sin(at / 3.7 + 1))
        # As a share of what waits now.
        waiting = max(0.0, math.sin(at / 9 + 4.2) - 0.25) / (math.sin(14.2) - 0.25)
        return {
            **found["history"]["samples"][-1],
            "time": (NOW - timedelta(seconds=10 * (90 - at))).isoformat(),
            "rows_per_second": round(RATE * load),
            "waiting_rows": round(now["waiting_rows"] * waiting),
            "waiting_jobs": round(jobs * waiting),
            "worker_memory": 310e6 + 120e6 * load,
            "redis_memory": 3.1e6 + 5e6 * waiting,
            "disk_free": 61.2e9 - at * 12e6,
        }

    found["history"]["samples"] = [sample(at) for at in range(91)]
    found["history"]["gaps"] = []
    found["errors"] = []
    memory, last = now["memory"], found["history"]["samples"][-1]
    for name, used, most in [
        ("workers", last["worker_memory"], 2e9),
        ("api", 142e6, 8e9),
        ("redis", last["redis_memory"], 1e9),
    ]:
        memory[name] = {"used": used, "most": most}
    now["disk"] = {"free": 60.12e9, "total": 128e9}
    now["rows_per_second"] = found["history"]["samples"][-1]["rows_per_second"]
    found["findings"] = [one for one in found["findings"] if one["level"] == "fine"]


def steady_worker(worker: dict[str, Any]) -> None:
    """Give a worker a name, a size and an age."""
    started = (NOW - timedelta(hours=26)).isoformat()
    worker |= {"name": "worker-1", "memory": 424e6, "rows": 18_204_512, "started_at": started}


def steady(route: Route) -> None:
    """Pass an answer of the API on, with fixed values where they differ from run to run."""
    answer = route.fetch()
    if "json" not in answer.headers.get("content-type", "") or not answer.ok:
        return route.fulfill(response=answer)
    found = answer.json()
    if "history" in found:
        steady_service(found)
    for job in [found] if "created_at" in found else found.get("jobs", []):
        steady_job(job)
    for worker in found.get("workers", []):
        steady_worker(worker)
    for model in found.get("models", []):
        model["rows_per_second"] = 52_000 if model["name"] == "fast" else 31_000
    return route.fulfill(response=answer, json=found)


@pytest.fixture(scope="module")
def restaurant(
    start_service: Callable[..., Programs], tmp_path_factory: pytest.TempPathFactory
) -> Programs:
    """A service with a model for reviews and one for bookings, and with some jobs."""
    models = tmp_path_factory.mktemp("models")
    (models / "fast").symlink_to(FAST)
    add_bookings_model(models)
    service = start_service(processes="2", serve="fast,bookings", models_dir=str(models))
    for number, label in enumerate(list(LISTED)[4:]):
        is_table = number % 3 == 2
        rows = bookings(2_400 + 7 * number) if is_table else reviews(12_000 + 1_357 * number)
        if label == "city:oslo":
            rows.loc[7, "review"] = ""
        options = (
            {"model": "bookings", "ref_column": "booking"}
            if is_table
            else {"model": "fast", "ref_column": "id", "text_column": "review"}
        )
        options["on_error"] = "fail" if label == "city:oslo" else "skip"
        name = f"{'bookings' if is_table else 'reviews'}-{label.split(':')[1]}.csv"
        content = rows.to_csv(index=False).encode()
        answer = service.client.post(
            "/jobs",
            content=content,
            params={**options, "label": [f"file:{name}", label, "team:kitchen"]},
            headers={"Content-Type": "text/csv"},
        )
        service.wait_for_end(answer.raise_for_status().headers["Location"])
    return service


@pytest.fixture
def page(new_window: Callable[..., Window], restaurant: Programs) -> Iterator[Page]:
    """A tab at a fixed time, with steady answers."""
    page = new_window(restaurant).page
    page.clock.set_fixed_time(NOW)
    page.route("**/{jobs,models,service,workers}{,/*,\\?*}", steady)
    page.route("**/events", lambda route: route.fulfill(status=204))
    yield page
    # An answer may be on its way.
    page.unroute_all(behavior="ignoreErrors")


@pytest.fixture(scope="module")
def running(restaurant: Programs) -> Iterator[str]:
    """The path of a job that is half done, and stands still; others wait behind it."""
    location = send(restaurant, reviews(MANY), "reviews-spring.csv", "season:spring")
    restaurant.wait_for_rows(location, MANY * 2 // 5)
    [worker] = restaurant.running("worker")
    signal_all(worker, signal.SIGSTOP)
    cancelled = send(restaurant, reviews(500), "reviews-june.csv", "month:june")
    restaurant.client.post(f"{cancelled}/cancel").raise_for_status()
    for city, rows in [("porto", 18_000), ("lisbon", 30_000)]:
        send(restaurant, reviews(rows), f"reviews-{city}.csv", f"city:{city}")
    yield location
    signal_all(worker, signal.SIGCONT)


def send(service: Programs, rows: Any, name: str, label: str) -> str:
    """Send reviews as a file; returns the path of the job."""
    answer = service.client.post(
        "/jobs",
        content=rows.to_csv(index=False).encode(),
        params={
            "ref_column": "id",
            "text_column": "review",
            "columns": "city",
            "label": [f"file:{name}", label],
        },
        headers={"Content-Type": "text/csv"},
    )
    return str(answer.raise_for_status().headers["Location"])


def prepare(page: Page, folder: Path) -> None:
    """Drop a file on the page for a new job."""
    file = folder / "reviews-may.csv"
    reviews(20_000).to_csv(file, index=False, sep=";")
    open_console(page, "/#/new")
    drop(page.locator("main"), file)
    expect(page.get_by_role("button", name="Start the job")).to_be_enabled()


def test_new_job(page: Page, screenshot: Screenshots, tmp_path: Path) -> None:
    """A file of reviews, previewed; also on a phone."""
    prepare(page, tmp_path)
    screenshot(page, "new-job", height=940)
    screenshot(page, "new-job-phone", width=390, height=844)


def test_finished_job(page: Page, restaurant: Programs, screenshot: Screenshots) -> None:
    """A job with its histogram and its rows; also on a phone."""
    rows = reviews(24_000)
    rows.loc[3, "review"] = ""
    location = send(restaurant, rows, "reviews-may.csv", "month:may")
    restaurant.wait_for_end(location)
    open_console(page, f"/#{location}")
    expect(page.locator(".job-table tbody tr")).to_have_count(50)
    expect(page.locator(".job-kinds li")).to_have_count(1)
    ids = {".job-id": "01KRX3V9QK"}
    screenshot(page, "job", ids, height=1200)
    screenshot(page, "job-phone", ids, width=390, height=844)


def test_table_job(page: Page, restaurant: Programs, screenshot: Screenshots) -> None:
    """A job of a table, with a label and probabilities."""
    found = restaurant.client.get("/jobs", params={"model": "bookings"}).json()
    open_console(page, f"/#/jobs/{found['jobs'][0]['id']}")
    expect(page.locator(".job-table tbody tr")).to_have_count(50)
    screenshot(page, "job-table", {".job-id": "01KRX1B2M4"}, height=1200)


def test_models(page: Page, screenshot: Screenshots) -> None:
    """The models, and a row that is tried."""
    open_console(page, "/#/models")
    expect(page.get_by_role("article")).to_have_count(2)
    screenshot(page, "models", height=560)
    open_console(page, "/#/models/bookings")
    boxes = page.locator("form").get_by_role("textbox")
    for place, value in enumerate(["4", "21", "1", "Fri", "web"]):
        boxes.nth(place).fill(value)
    page.keyboard.press("Enter")
    expect(page.locator(".results")).to_be_visible()
    page.evaluate("document.activeElement.blur()")
    screenshot(page, "model", {"small:has-text('Answered in')": "Answered in 6 ms."})


def test_running_job(page: Page, running: str, screenshot: Screenshots) -> None:
    """A job whose rows and histogram come in."""
    open_console(page, f"/#{running}")
    expect(page.locator(".job-table tbody tr")).to_have_count(50)
    screenshot(page, "job-running", {".job-id": "01KRX4E0SD"}, height=1200)


def test_jobs(page: Page, running: str, screenshot: Screenshots) -> None:
    """The list with jobs in several states."""
    assert running
    open_console(page, "/#/jobs")
    expect(page.get_by_text("Running", exact=True).last).to_be_visible()
    screenshot(page, "jobs", {".at-job code": "…5e0c9a41"})


def test_service(page: Page, running: str, screenshot: Screenshots) -> None:
    """The service, at work."""
    assert running
    open_console(page, "/#/service")
    expect(page.get_by_role("table", name="Workers")).to_be_visible()
    screenshot(page, "service", height=1290)


def test_key(
    new_window: Callable[..., Window], keyed_service: Programs, screenshot: Screenshots
) -> None:
    """The form for a key."""
    page = new_window(keyed_service).page
    page.goto("/")
    expect(page.locator("main input")).to_be_focused()
    page.locator("main input").fill("a key that nobody sees")
    screenshot(page, "key", height=480)
