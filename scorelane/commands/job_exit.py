"""How a command ends that has stayed for the end of a job."""

import click

from scorelane.client.job_state import JobState


def exit_by(job: JobState) -> None:
    """End with exit code 1, and the reason, where the job has not succeeded."""
    if job.state != "succeeded":
        click.echo(f"The job is {job.state}. {job.error or job.detail}", err=True)
        raise SystemExit(1)
