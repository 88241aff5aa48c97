"""What a job's summary says of the words that its model knows, from the upload to the summary."""

from pathlib import Path
from typing import Any

import pytest
from support.in_memory import Service, make_service

from shared.card import read_card
from shared.config.places import BUNDLED_MODELS
from shared.config.settings import Settings
from shared.model import load_model, load_own
from shared.redis.link import RedisLink

TEXTS = 'text\na really good film\n这部电影真的很棒\nqwx zzzq\n!!!\n""\nI liked it\n'


@pytest.fixture(scope="module", params=["mapped", "from its own file"])
def fast(request: pytest.FixtureRequest) -> Any:
    folder = Path(BUNDLED_MODELS) / "fast"
    if request.param == "mapped":
        return load_model(folder)
    return load_own(folder, read_card(folder))


def service_of(
    model: Any, settings: Settings, link: RedisLink | None = None, **more: Any
) -> Service:
    return make_service(
        settings.model_copy(update={"default_model": model.card.name, **more}), link, model=model
    )


def reach_of(service: Service, content: bytes) -> Any:
    accepted = service.submit(content)
    service.rows_of(accepted)
    return service.client.get(f"{accepted.location}/summary").json["reach"]


@pytest.mark.parametrize("kind", ["bulk", "small"])
@pytest.mark.parametrize("on_redis", [True, False])
def test_the_summary_counts_what_the_model_has_read(
    fast: Any, kind: str, on_redis: bool, redis_settings: Settings, link: RedisLink
) -> None:
    """Rows with few known words and in another script are counted, over all parts of a job."""
    limits = {"min_part_rows": 1, "part_seconds": 1e-9} if kind == "bulk" else {}
    service = service_of(fast, redis_settings, link if on_redis else None, **limits)
    content = TEXTS.encode()
    if kind == "small":
        rows = [{"text": line.strip('"')} for line in TEXTS.splitlines()[1:]]
        accepted = service.client.post("/jobs", json=rows)
    else:
        accepted = service.submit(content)
    service.rows_of(accepted)
    found = service.client.get(f"{accepted.location}/summary").json["reach"]
    assert {name: found[name] for name in found if name != "known_words"} == {
        "rows": 5,
        "few_known_words": 3,
        "no_known_words": 3,
        "text_cut": 0,
        "other_language": 1,
        "note": None,
    }
    assert 0.6 < found["known_words"] < 0.8
    day = service.store.watched_in_day(fast.card.full_name)
    assert day["-1:reach"][0] == 5


def test_a_model_that_cannot_tell_says_so(redis_settings: Settings) -> None:
    """Of a runtime that knows no words, the summary has no counts, and says why."""
    service = make_service(redis_settings.model_copy(update={"default_model": "length"}))
    found = reach_of(service, b"text\ngood\n")
    assert found["rows"] == 0
    assert "cannot tell" in found["note"]


def test_each_row_tells_on_request_what_was_read_of_it(fast: Any, redis_settings: Settings) -> None:
    """With `reach=true`, results have three columns more, and the scores stay as they are."""
    service = service_of(fast, redis_settings)
    content = "text\na really good film\n这部电影真的很棒\n!!!\n".encode()
    asked = service.submit(content, reach="true")
    rows = service.rows_of(asked)
    plain = service.rows_of(service.submit(content))
    signs = [(row["known_words"], row["text_cut"], row["other_language"]) for row in rows]
    assert signs == [(1.0, False, False), (0.0, False, True), (None, False, False)]
    assert [row["Sentiment_Score"] for row in rows] == [row["Sentiment_Score"] for row in plain]
    summary = service.client.get(f"{asked.location}/summary").json
    assert [one["name"] for one in summary["outputs"]][1:] == [
        "known_words",
        "text_cut",
        "other_language",
    ]
    assert summary["reach"]["no_known_words"] == 2


def test_a_model_that_cannot_tell_refuses_to_tell_for_each_row(redis_settings: Settings) -> None:
    """`reach=true` is refused for a model that does not know which words it knows."""
    service = make_service(redis_settings.model_copy(update={"default_model": "length"}))
    refused = service.submit(b"text\ngood\n", reach="true")
    assert refused.status_code == 400
    assert "cannot tell which words" in refused.json["detail"]
