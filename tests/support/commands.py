"""Runs commands against a service whose answers a test says."""

from click.testing import CliRunner, Result

from scorelane.commands.main import cli

RESULTS = b"ref,Sentiment_Score,error\n1,0.95,\n2,,the text is empty\n3,0.05,\n"


def run(*arguments: str) -> Result:
    """Run a command; a bug's traceback fails the test."""
    result = CliRunner().invoke(cli, arguments)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def serve_job(answers, results: bytes = RESULTS, **changes: object) -> None:
    """Let the server take a job, and give its state and its results."""
    answers.add("POST /jobs", 202, answers.job("queued"))
    answers.add(f"GET /jobs/{answers.JOB_ID}", 200, answers.job(**changes))
    answers.add(f"GET /jobs/{answers.JOB_ID}/results?format=csv", 200, results)
