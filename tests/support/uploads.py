"""One table as an upload of each format, and the check that its rows arrived."""

import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from support.doubles.length_model import length_score
from support.in_memory import Service

TABLE = [("7", "four"), ("eight", "a, quoted; text"), ("9", "caf\u00e9")]


def table(delimiter: str = ",") -> str:
    rows = [("ref", "text"), *TABLE]
    return "".join(f'{ref}{delimiter}"{text}"\r\n' for ref, text in rows)


def ndjson() -> bytes:
    rows = [{"ref": int(ref) if ref.isdecimal() else ref, "text": text} for ref, text in TABLE]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def parquet(**columns: list[Any]) -> bytes:
    columns = columns or {
        "ref": [ref for ref, _ in TABLE],
        "text": [text for _, text in TABLE],
    }
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


def check(service: Service, accepted: Any) -> None:
    """Check that an accepted job has the rows of the table."""
    assert accepted.status_code == 202, accepted.text
    service.work()
    rows = service.client.get(f"{accepted.location}/results?format=json").json["rows"]
    assert [(row["ref"], row["Sentiment_Score"]) for row in rows] == [
        (ref, length_score(text)) for ref, text in TABLE
    ]
