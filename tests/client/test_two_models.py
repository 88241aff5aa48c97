"""Both clients score rows with two models, and set the shares of a challenger."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd
import pytest
from support.doubles.length_model import LengthModel
from support.in_memory import make_service
from support.transports import Working

from scorelane.client.errors import NotFound
from shared.aliases import pointed
from shared.config.settings import Settings
from shared.model import SCORE


@pytest.fixture
def working(settings: Settings) -> Working:
    """A transport to a service with two versions of a model, of which one is the challenger."""
    service = make_service(settings, others=[LengthModel("length", "b00000000000")])
    for alias, version in (("champion", "000000000001"), ("challenger", "b00000000000")):
        service.aliases.change("length", "me", partial(pointed, alias=alias, version=version))
    return Working(service)


@pytest.mark.parametrize(
    "models", ["length,length@challenger", ["length@champion", "length@challenger"]]
)
def test_a_frame_gets_the_columns_of_both(client: Any, models: Any) -> None:
    """The labels are sent too, and come back."""
    frame = pd.DataFrame({"text": ["z" * 10, "", "z" * 20], "label": [0.1, 0.2, 0.9]})
    job = client.submit(frame, models=models, label_column="label").wait()
    found = job.as_frame()
    assert list(found) == [
        "ref",
        SCORE,
        f"{SCORE}@challenger",
        "error@challenger",
        "error",
        "label",
    ]
    assert found[f"{SCORE}@challenger"].tolist()[::2] == [0.1, 0.2]
    [output] = job.summary()["comparison"]["outputs"]
    assert (output["rows"], output["equal"], output["test"]["rows"]) == (2, 1, 2)


def test_the_shares_of_a_challenger(connected: Callable[..., Any], working: Working) -> None:
    """They are shown, and each is set by itself."""
    client = connected(working)
    assert client.traffic("length")["canary"] == 0
    assert client.traffic("length", canary=0.25)["canary"] == 0.25
    found = client.traffic("length", shadow=1)
    assert (found["canary"], found["shadow"], found["note"]) == (0.25, 1, None)
    with pytest.raises(NotFound, match="no alias 'challenger'"):
        client.traffic("other", canary=0.5)
