"""`POST /sentiment` answers to the byte as the article's service did."""

import json

import pytest
from support.in_memory import Service


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ('{"ref": [1], "text": ["I am well"]}', '[{"ref":1,"Sentiment_Score":0.83}]\n'),
        # The article's own client sends a JSON string that holds the JSON.
        (
            json.dumps('{"ref": ["é"], "text": ["I am well"]}'),
            '[{"ref":"é","Sentiment_Score":0.83}]\n',
        ),
        # Numbers come back as they were typed.
        ('{"ref": [1.10], "text": ["I am well"]}', '[{"ref":1.10,"Sentiment_Score":0.83}]\n'),
        ('{"ref": [1e5], "text": ["I am well"]}', '[{"ref":1e5,"Sentiment_Score":0.83}]\n'),
        ('{"ref": [0.5], "text": ["I am well"]}', '[{"ref":0.5,"Sentiment_Score":0.83}]\n'),
        ('{"text": ["I am well"]}', '[{"ref":1,"Sentiment_Score":0.83}]\n'),
    ],
)
def test_the_answer(
    service: Service, monkeypatch: pytest.MonkeyPatch, body: str, answer: str
) -> None:
    """It has no spaces, non-ASCII as it is, and each ref as it was sent."""
    scorer = service.app.extensions["scorelane"].sync_scorer
    monkeypatch.setattr(scorer, "ask", lambda *_: b"x,0.83,\n")
    found = service.client.post("/sentiment", data=body.encode(), content_type="application/json")
    assert found.status_code == 200, found.text
    assert found.text == answer
