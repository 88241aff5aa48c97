"""What the commands about one job print: its id, its JSON, its state, and why it has no scores."""

import json

import click

from scorelane.client.client import Job
from scorelane.client.job_state import JobState
from scorelane.commands.common.harmless import harmless
from scorelane.commands.common.option_names import in_option_names
from scorelane.commands.common.tables import add_row, print_table, table_of


def json_of(job: Job) -> str:
    """The job as the service represents it, as indented JSON."""
    return json.dumps(dict(job.representation), indent=2)


def print_new_job(job: Job, *, wait: bool, as_json: bool) -> None:
    """Print the id of a job that was just submitted, or its JSON.

    With `wait`, wait for the job's end first (for JSON), show its progress, and exit with status 1
    unless it succeeded.
    """
    if not as_json:
        # Before waiting: with the id a user can go on after interrupting the wait.
        click.echo(job.id)
    if wait:
        job = job.wait(show=True)
    if as_json:
        click.echo(json_of(job))
    if wait:
        exit_unless_succeeded(job)


def print_job(job: Job) -> None:
    """Print the state of a job, one property per line."""
    table = table_of("", last="")
    table.show_header = False
    lines = {
        "job": job.id,
        "state": job.state,
        "model": job.model,
        "rows": "not counted yet" if job.total is None else f"{job.total:,}",
        "scored": f"{job.completed:,}",
        "errors": f"{job.failed:,}",
        "input": ", ".join((job.representation.get("input") or {}).get("addresses") or ()),
        "output": (job.representation.get("output") or {}).get("address") or "",
        "results": ", ".join(one["name"] for one in job.representation.get("outputs") or ()),
        "progress": f"{job.progress:.0%}",
        "created": job.created_at,
        "finished": job.finished_at or "",
        "": _reword(job.detail),
    }
    for name in ("results", "input", "output"):
        if not lines[name]:
            # An older service does not say, or the job has none.
            del lines[name]
    for name, value in lines.items():
        add_row(table, name, value)
    print_table(table)


def exit_unless_succeeded(job: JobState) -> None:
    """Exit with status 1, and print the reason to stderr, unless the job succeeded."""
    if job.state != "succeeded":
        click.echo(why_no_scores(job), err=True)
        raise SystemExit(1)


def why_no_scores(job: JobState) -> str:
    """Why a job has ended without scores; options are named as the running command names them."""
    end = "was cancelled" if job.state == "cancelled" else f"has {job.state}"
    return f"The job {end}. {harmless(_reword(job.error or job.detail))}"


def _reword(message: str) -> str:
    return in_option_names(message, click.get_current_context().command)
