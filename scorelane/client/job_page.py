"""A job as a notebook shows it."""

from html import escape

from scorelane.client.job_state import JobState


def page_of(job: JobState) -> str:
    """A table in HTML, with a bar; whatever came from the service is text in it."""
    total = "not counted yet" if job.total is None else f"{job.total:,}"
    lines = {
        "job": job.id,
        "state": job.state,
        "model": job.model,
        "rows": f"{total}; {job.completed:,} scored, {job.failed:,} with an error",
        "created": job.created_at,
        "": job.error or job.detail,
    }
    rows = "".join(
        f"<tr><th style='text-align:left'>{name}</th><td>{escape(value)}</td></tr>"
        for name, value in lines.items()
    )
    bar = f"<progress max='1' value='{float(job.progress)}'></progress> {job.progress:.0%}"
    return f"<table>{rows}<tr><th></th><td>{bar}</td></tr></table>"
