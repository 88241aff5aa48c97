"""Jobs that read files where they are: what is read, and what is refused before there is a job."""

from typing import Any

import pytest
from support.doubles.length_model import length_score
from support.places import Bucket
from support.problems import problem

from shared.config.settings import Settings


@pytest.fixture
def bucket(settings: Settings) -> Bucket:
    """A bucket without files."""
    return Bucket(settings)


def test_one_file_is_a_job(bucket: Bucket) -> None:
    """Its rows are those of the same file as an upload."""
    content = b"ref,text,n\n" + b"".join(b"%d,%s,x\n" % (at, b"z" * (at + 1)) for at in range(50))
    bucket.write("in/a.csv", content)
    rows = bucket.scored({"input": "s3://data/in/a.csv", "columns": "n"})
    assert rows == bucket.service.scored(content, columns="n")
    assert [row["Sentiment_Score"] for row in rows] == [length_score("z" * n) for n in range(1, 51)]


def test_a_folder_is_one_job_and_rows_keep_their_file(bucket: Bucket) -> None:
    """Files come in the order of their keys; a part never has rows of two files."""
    bucket.write("in/b.csv", b"text\r\nccc\r\ndd")
    bucket.write("in/a.csv", b"\xef\xbb\xbftext\na\nbb\n")
    bucket.write("in/c/d.csv", b"\n\ntext\n\neeee\n\n")
    bucket.write("other.csv", b"text\nno\n")
    rows = bucket.scored({"input": "s3://data/in/"})
    assert [(row["ref"], row["file"]) for row in rows] == [
        ("1", "s3://data/in/a.csv"),
        ("2", "s3://data/in/a.csv"),
        ("3", "s3://data/in/b.csv"),
        ("4", "s3://data/in/b.csv"),
        ("5", "s3://data/in/c/d.csv"),
    ]
    scores = [length_score("z" * size) for size in (1, 2, 3, 2, 4)]
    assert [row["Sentiment_Score"] for row in rows] == scores


def test_several_addresses_are_read_in_their_order(bucket: Bucket) -> None:
    """A list has files and folders; each folder is sorted."""
    bucket.write("z.csv", b"ref,text\n1,a\n")
    bucket.write("in/b.csv", b"ref,text\n3,a\n")
    bucket.write("in/a.csv", b"ref,text\n2,a\n")
    rows = bucket.scored({"input": ["s3://data/z.csv", "s3://data/in/"]})
    assert [row["ref"] for row in rows] == ["1", "2", "3"]


@pytest.mark.parametrize("result_format", ["csv", "ndjson"])
def test_lines_of_json_are_read_too(bucket: Bucket, result_format: str) -> None:
    """Fields may come in any order; the file's name is in the results of each format."""
    bucket.write("in/a.jsonl", b'{"text": "a", "n": 1}\n{"n": 2, "text": "bb"}\n')
    bucket.write("in/b.jsonl", b'{"n": 3, "text": "ccc"}')
    body = {"input": "s3://data/in/", "columns": ["n"], "format": result_format}
    rows = bucket.scored(body)
    assert [(row["n"], row["file"][-7:]) for row in rows] == [
        ("1", "a.jsonl"), ("2", "a.jsonl"), ("3", "b.jsonl"),
    ]  # fmt: skip


def test_hidden_and_empty_files_of_a_folder_are_passed_over(bucket: Bucket) -> None:
    """As by Hive and Spark; a file with a header alone has no rows."""
    for key in ("in/_SUCCESS", "in/.a.csv.crc", "in/_delta_log/0.json", "in/y=1/.x/a.csv"):
        bucket.write(key, b"other\n1\n")
    bucket.write("in/0.csv", b"text\n")
    bucket.write("in/empty.csv", b"")
    bucket.write("in/y=1/a.csv", b"text\na\n")
    bucket.write("in/z.csv", b"text")
    accepted = bucket.submit({"input": "s3://data/in/"})
    assert accepted.json["input"] == {"addresses": ["s3://data/in/"], "files": 3, "bytes": 16}
    rows = bucket.service.rows_of(accepted)
    assert [row["file"] for row in rows] == ["s3://data/in/y=1/a.csv"]


def test_nothing_is_stored_but_the_list_and_it_goes_with_the_job(bucket: Bucket) -> None:
    """No row passes through the API; deleting the job leaves the file."""
    bucket.write("a.csv", b"text\nsecret words\n")
    accepted = bucket.submit({"input": "s3://data/a.csv"})
    assert not any(b"secret words" in one for one in bucket.service.blobs.contents.values())
    bucket.service.work()
    assert bucket.service.client.delete(accepted.location).status_code == 204
    assert not bucket.service.blobs.contents
    assert len(bucket.scored({"input": "s3://data/a.csv"})) == 1


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (b"text,b,a\n1,2,3\n", "in another order"),
        (b"text,a\n1,2\n", "it has no 'b'"),
        (b"text,a,b,c\n1,2,3,4\n", "it also has 'c'"),
        (b"sep=;\ntext;a;b\n1;2;3\n", "another delimiter"),
        (b"te\xffxt,a,b\n1,2,3\n", "not UTF-8"),
        (b"text,a,b\r1,2,3\r", "CR alone"),
    ],
)
def test_files_with_other_columns_are_refused(bucket: Bucket, other: bytes, reason: str) -> None:
    """The refusal names the file, and says in what it differs."""
    bucket.write("in/a.csv", b"text,a,b\n1,2,3\n")
    bucket.write("in/b.csv", other)
    detail = problem(bucket.submit({"input": "s3://data/in/"}), 422, "in-file")
    assert "s3://data/in/b.csv" in detail
    assert reason in detail
    assert not bucket.service.blobs.contents


@pytest.mark.parametrize("dry", [{}, {"validate": "true"}, {"validate": "true", "guess": "true"}])
def test_no_charset_is_advised_where_none_can_be_named(bucket: Bucket, dry: Any) -> None:
    """A file that is read where it is must be UTF-8, also in a guess; the refusal names it."""
    bucket.put(in__c_csv=b"text\ncaf\xe9 au lait\n")
    detail = problem(bucket.submit({"input": "s3://data/in/c.csv"}, **dry), 422, "in-file")
    assert detail.startswith("s3://data/in/c.csv: ")
    assert "UTF-8" in detail
    assert "send it as the body" in detail
    assert "name its encoding" not in detail


def test_no_quoting_is_advised_where_none_can_be_named(bucket: Bucket) -> None:
    """A file that is read where it is has quotes as RFC 4180 has them."""
    bucket.put(in__c_csv=b'text\n"good walk\n')
    detail = problem(
        bucket.submit({"input": "s3://data/in/c.csv"}, validate="true"), 422, "in-file"
    )
    assert detail.startswith("s3://data/in/c.csv: Row 1 ")
    assert "send it as the body of a request, with quoting=none" in detail


def test_lines_without_a_column_of_the_model_are_refused(bucket: Bucket) -> None:
    """Each file must have the inputs and the columns that are carried through."""
    bucket.write("in/a.ndjson", b'{"text": "a"}\n')
    bucket.write("in/b.ndjson", b'{"said": "a"}\n')
    detail = problem(bucket.submit({"input": "s3://data/in/"}), 422, "in-file")
    assert "s3://data/in/b.ndjson: Its first rows have no column 'text'" in detail


@pytest.mark.parametrize(
    ("body", "status", "code", "reason"),
    [
        ({"input": "s3://data/none.csv"}, 422, "source-missing", "no file s3://data/none.csv"),
        ({"input": "s3://data/none/"}, 422, "source-missing", "s3://data/none/"),
        ({"input": "s3://data/empty.csv"}, 422, "in-file", "empty"),
        ({"input": "s3://data/header.csv"}, 422, "no-rows", "no row"),
        ({"input": "s3://data/a.csv.gz"}, 422, "bad-place", "not compressed"),
        ({"input": "s3://data/a.parquet"}, 422, "bad-place", "CSV, TSV and NDJSON"),
        ({"input": "s3://data/a.tsv"}, 400, "bad-option", "quoting=double"),
        ({"input": "s3://data/a.csv", "charset": "latin-1"}, 400, "bad-option", "UTF-8"),
        ({"input": "s3://data/a.csv", "quoting": "none"}, 400, "bad-option", "RFC 4180"),
        ({"input": ["s3://data/a.csv", "s3://data/a.csv"]}, 422, "bad-place", "twice"),
        ({"input": ["s3://data/a.csv", "s3://data/a.ndjson"]}, 422, "in-file", "format"),
        ({"input": "s3://data/a.csv", "text_column": "b"}, 422, "no-such-column", "'b'"),
        ({"input": "s3://other/a.csv"}, 403, "place-not-allowed", "* read s3://other/"),
        ({"input": "s3://data/a.csv", "output": "s3://o/a/"}, 403, "place-not-allowed", "write"),
        ({"input": "s3://data/a.csv", "output": "s3://data/a"}, 422, "bad-place", "end it with /"),
        ({"input": "s3://data/in/", "output": "s3://data/in/out/"}, 422, "bad-place", "lies in"),
        ({"input": "s3://data/in/", "output": "s3://data/"}, 422, "bad-place", "holds it"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_job(
    bucket: Bucket, body: Any, status: int, code: str, reason: str
) -> None:
    """It is refused with a reason, and nothing is stored."""
    for key in ("a.csv.gz", "a.parquet", "a.tsv", "a.csv", "in/a.csv"):
        bucket.write(key, b"text\na\n")
    bucket.write("a.ndjson", b'{"text": "a"}\n')
    bucket.write("empty.csv", b"")
    bucket.write("header.csv", b"text\n")
    assert reason in problem(bucket.submit(body), status, code)
    assert not bucket.service.blobs.contents


def test_a_column_file_cannot_be_carried_through_twice(bucket: Bucket) -> None:
    """The results have one column of each name; of a single file it can be carried."""
    bucket.write("a.csv", b"text,file\na,x\n")
    body = {"input": ["s3://data/a.csv"], "columns": "file"}
    problem(bucket.submit(body), 422, "column-taken")
    problem(bucket.submit({**body, "columns": "all"}), 422, "column-taken")
    [row] = bucket.scored({"input": "s3://data/a.csv", "columns": "file"})
    assert row["file"] == "x"


def test_limits_of_files_and_bytes(settings: Settings) -> None:
    """More files, or more bytes, than the settings allow are refused."""
    limits = {"max_source_files": 2, "max_source_bytes": 20}
    bucket = Bucket(settings.model_copy(update=limits))
    bucket.put(in__a_csv=b"text\na\n", in__b_csv=b"text\nb\n")
    assert bucket.submit({"input": "s3://data/in/"}).status_code == 202
    bucket.put(in__c_csv=b"text\nc\n")
    problem(bucket.submit({"input": "s3://data/in/"}), 413, "too-large")
    bucket.put(big_csv=b"text\n" + b"a" * 20)
    problem(bucket.submit({"input": "s3://data/big.csv"}), 413, "too-large")


def test_a_dry_run_looks_at_the_head(bucket: Bucket) -> None:
    """It shows the first rows, guesses, and estimates the rows of all files."""
    rows = b"".join(b"%d;%s\n" % (at, b"good walk" * 50) for at in range(8000))
    bucket.write("in/a.csv", b"key;said\n" + rows)
    bucket.write("in/b.csv", b"key;said\n" + rows)
    answer = bucket.submit({"input": "s3://data/in/"}, validate="true", guess="true")
    assert answer.status_code == 200, answer.text
    assert answer.json["format"] == "csv"
    guessed = {"delimiter": "semicolon", "text_column": "said", "ref_column": "key"}
    assert answer.json["options"] == guessed
    assert answer.json["first_rows"][0]["text"].startswith("good walk")
    assert not answer.json["looked_at"]["all"]
    assert answer.json["estimate"]["rows"] == pytest.approx(16_000, rel=0.02)
    assert not bucket.service.blobs.contents
    body = {"input": "s3://data/in/", **answer.json["options"]}
    assert bucket.submit(body).status_code == 202


def test_a_dry_run_refuses_what_the_job_would_be_refused_for(bucket: Bucket) -> None:
    """Also what is wrong with another file than the first."""
    bucket.write("in/a.csv", b"text\na\n")
    bucket.write("in/b.csv", b"other\na\n")
    answer = bucket.submit({"input": "s3://data/in/"}, validate="true")
    problem(answer, 422, "in-file")


def test_an_idempotency_key_holds_for_the_body(bucket: Bucket) -> None:
    """The same body makes no second job, another one is refused, whatever is in the files."""
    bucket.write("a.csv", b"text\na\n")

    def send(body: Any) -> Any:
        return bucket.service.client.post("/jobs", json=body, headers={"Idempotency-Key": "k"})

    first = send({"input": "s3://data/a.csv"})
    bucket.delete("a.csv")
    again = send({"input": "s3://data/a.csv"})
    assert (again.status_code, again.json["id"]) == (202, first.json["id"])
    problem(send({"input": "s3://data/a.csv", "columns": "all"}), 422, "idempotency-key-reused")


def test_a_budget_takes_the_estimate_of_all_files(settings: Settings) -> None:
    """Only the beginning of the first file was read, so its lines are no bound of the rows."""
    bucket = Bucket(settings)
    bucket.write("a.csv", b"text\n" + (b"x" * 400 + b"\n") * 6000)
    accepted = bucket.submit({"input": "s3://data/a.csv"})
    spec = bucket.service.store.get(accepted.json["id"]).spec
    assert spec.most_rows is None
    assert spec.about_rows == pytest.approx(6000, rel=0.01)
    assert spec.size == 6000 * 401 + 5


@pytest.mark.parametrize("name", ["b?.csv", "b*.csv", "b\u200b.csv", "b\\.csv"])
def test_a_file_of_a_folder_without_an_address_is_refused(bucket: Bucket, name: str) -> None:
    """No worker could read it by its address, so its job would never end."""
    bucket.write("in/a.csv", b"text\na\n")
    bucket.write(f"in/{name}", b"text\nb\n")
    detail = problem(bucket.submit({"input": "s3://data/in/"}), 422, "bad-place")
    assert ascii(f"in/{name}") in detail
