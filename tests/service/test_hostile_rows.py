"""Single rows on which a model's process dies or hangs, in a long job."""

from pathlib import Path

import pandas as pd
import pytest
from hostile_model import CRASHES, HANGS, HostileModel
from programs import Programs

from benchmarks.runtime_package import make
from shared.model import SCORE

pytestmark = pytest.mark.stack

ROWS = 100_000


@pytest.mark.parametrize("hostile", [CRASHES, HANGS])
def test_a_hostile_row_gets_an_error_and_every_other_row_a_score(
    fragile: Programs, tmp_path: Path, hostile: str
) -> None:
    """It is found over a few dead processes, the job succeeds, and no other row is touched."""
    fragile.env |= make(tmp_path, "hostile", HostileModel)
    fragile.env |= {"SCORELANE_TASK_TIME_LIMIT": "2"}
    fragile.restart_api()
    fragile.start_worker()
    fragile.wait_ready()
    texts = [f"number {row}" for row in range(ROWS)]
    texts[71_234] = hostile
    sent = pd.DataFrame({"ref": range(ROWS), "text": texts})
    location = fragile.submit(sent.to_csv(index=False).encode())
    job = fragile.wait_for_end(location)
    assert job["state"] == "succeeded"
    assert job["rows"] == {"total": ROWS, "completed": ROWS - 1, "failed": 1}
    found = fragile.results(location)
    assert found["ref"].tolist() == sent["ref"].astype(str).tolist()
    assert found["error"][71_234] == "scoring this text ended the worker's process"
    found, sent = found.drop(index=71_234), sent.drop(index=71_234)
    assert set(found["error"]) == {""}
    assert (found[SCORE] - sent["text"].str.len() / 1000).abs().max() < 1e-9
