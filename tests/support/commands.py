"""Runs commands of the command line in this process, against a fake service."""

from click.testing import CliRunner, Result

from scorelane.commands.main import cli

RESULTS = b"ref,Sentiment_Score,error\n1,0.95,\n2,,the text is empty\n3,0.05,\n"


def run(*arguments: str) -> Result:
    """Run a command; an unexpected exception fails the test."""
    result = CliRunner().invoke(cli, arguments)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def serve_job(answers, results: bytes = RESULTS, **changes: object) -> None:
    """Let the fake service accept a job, and answer with its state and its results.

    Args:
        answers: the fake service.
        results: the CSV of its results.
        changes: fields of the job that differ from those of `answers.job()`.
    """
    answers.add("POST /jobs", 202, answers.job("queued"))
    answers.add(f"GET /jobs/{answers.JOB_ID}", 200, answers.job(**changes))
    answers.add(f"GET /jobs/{answers.JOB_ID}/results?format=csv", 200, results)
