import gzip

import pytest

from shared.errors.input import BadOption
from shared.model import TEXT
from training.data import read_labelled, split
from training.data_errors import BadLabelledRow, NotLabelled, TooFewLabels, UnreadableData
from training.labelled_cells import Reading


@pytest.fixture
def csv(tmp_path):
    """Write a CSV and read it as labelled data."""

    def read(content, name="data.csv", **options):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_labelled([path], **options)

    return read


def test_scores_are_taken_as_they_are(csv):
    """A column `score` holds the score itself; texts are unchanged, even "NA"."""
    frame = csv('text,score\nNA,0.25\n"a, ""b""\nc",1\n')
    assert frame["text"].tolist() == ["NA", 'a, "b"\nc']
    assert frame["score"].tolist() == [0.25, 1.0]
    assert not frame["coarse"].any()
    assert frame["split"].isna().all()
    assert frame["source"].tolist() == ["data", "data"]


def test_words_and_digits_are_labels(csv):
    """A column `label` holds 0 and 1, or words of sentiment in any case."""
    frame = csv("text,label\na,0\nb,1\nc,Positive\nd,neutral\ne,NEG\n")
    assert frame["score"].tolist() == [0.0, 1.0, 1.0, 0.5, 0.0]


@pytest.mark.parametrize(
    "labels",
    ["1.0,0.0,1.0", "True,False,true", "1,0.0,1.00", "TRUE,0,positive", " 1.0 ,negative,pos"],
)
def test_labels_as_other_programs_write_them(csv, labels):
    """Pandas writes 1.0 where one label of a column is missing, and True for a bool."""
    lines = "".join(f"a{row},{label}\n" for row, label in enumerate(labels.split(",")))
    frame = csv("text,label\n" + lines)
    assert frame["score"].tolist() == [1.0, 0.0, 1.0]
    assert frame["bare"].all()


@pytest.mark.parametrize(
    ("labels", "scores", "bare"),
    [
        (("positive", "negative"), [1.0, 0.0], True),
        (("1.0", "0.0"), [1.0, 0.0], True),
        (("0.25", "1"), [0.25, 1.0], False),
    ],
)
def test_columns_can_be_named(csv, labels, scores, bare):
    """A label column of another name holds labels, or scores; other columns are not looked at."""
    lines = "".join(f"x{row},9,{label}\n" for row, label in enumerate(labels))
    reading = Reading(text_column="review", label_column="sentiment")
    frame = csv("review,label,sentiment\n" + lines, reading=reading)
    assert frame["text"].tolist() == ["x0", "x1"]
    assert frame["score"].tolist() == scores
    assert (frame["bare"] == bare).all()


def test_a_named_column_keeps_the_meaning_of_its_name(csv):
    """`--label-column label5` takes the fifths, though there is a score."""
    frame = csv("text,score,label5\na,0.9,0\n", reading=Reading(label_column="label5"))
    assert frame["score"].tolist() == pytest.approx([0.1])
    assert frame["coarse"].all()


def test_a_stray_quote_merges_no_rows_of_a_tab_separated_file(tmp_path):
    """Such a file is refused, unless the reading says what its quotes are."""
    path = tmp_path / "a.tsv"
    path.write_text('text\tlabel\n"Best ever\t1\nBad\t0\nGreat"\t1\n')
    with pytest.raises(UnreadableData, match=r"line 4: .*merged rows; .*quoting: none"):
        read_labelled([path])
    rows = read_labelled([path], reading=Reading(quoting="none"))
    assert rows[TEXT].tolist() == ['"Best ever', "Bad", 'Great"']
    rows = read_labelled([path], reading=Reading(quoting="double"))
    assert rows[TEXT].tolist() == ["Best ever\t1\nBad\t0\nGreat"]


def test_a_first_line_of_excel_names_the_delimiter(tmp_path):
    """`sep=;` is passed over; an option says more than it."""
    path = tmp_path / "a.csv"
    for first in ("sep=;\r\n", "\ufeffSEP=;\n", '"sep=;"\n', "sep=,\n"):
        path.write_text(f"{first}text;label\nGood;1\nBad;0\n", encoding="utf-8")
        reading = Reading(delimiter=";") if "," in first else Reading()
        assert read_labelled([path], reading=reading)[TEXT].tolist() == ["Good", "Bad"]


def test_delimiter_and_charset_can_be_named(csv):
    """A file may have another delimiter and another charset; a .tsv has tabs."""
    content = "text;label\nété, bien;1\n"
    reading = Reading(delimiter="semicolon", charset="latin-1")
    assert csv(content.encode("latin-1"), reading=reading)["text"].tolist() == ["été, bien"]
    assert csv(content, reading=Reading(delimiter=";"))["text"].tolist() == ["été, bien"]
    assert csv("text\tlabel\na, b\t1\n", "data.tsv")["text"].tolist() == ["a, b"]
    packed = gzip.compress(b"text\tlabel\na, b\t1\n")
    assert csv(packed, "DATA.TSV.GZ")["text"].tolist() == ["a, b"]


@pytest.mark.parametrize(
    ("option", "reading"),
    [("charset", Reading(charset="klingon")), ("delimiter", Reading(delimiter="::"))],
)
def test_options_that_cannot_be_used(csv, option, reading):
    """An unknown charset, and a delimiter of two characters, are refused by name."""
    with pytest.raises(BadOption, match=option):
        csv("text,label\na,1\n", reading=reading)


def test_fifths_are_coarse(csv):
    """A column `label5` gives the midpoint of a fifth, and marks the row as coarse."""
    frame = csv("text,label5\na,0\nb,2\nc,4\n")
    assert frame["score"].tolist() == pytest.approx([0.1, 0.5, 0.9])
    assert frame["coarse"].all()


def test_the_finest_label_of_a_row_counts(csv):
    """A row's score is used if it has one, else its fifth."""
    frame = csv("text,label5,score\na,4,0.95\nb,0,\n")
    assert frame["score"].tolist() == pytest.approx([0.95, 0.1])
    assert frame["coarse"].tolist() == [False, True]


def test_gzipped_and_byte_order_marked_files_are_read(csv):
    """A .csv.gz and a file with a byte order mark are read like any other."""
    assert len(csv(gzip.compress(b"text,label\na,1\n"), "more.csv.gz")) == 1
    assert len(csv(b"\xef\xbb\xbftext,label\na,1\n")) == 1


def test_rows_without_a_text_are_left_out(csv, caplog):
    """Rows with an empty text are dropped, and the log holds their number."""
    assert csv("text,label\na,1\n  ,1\nb,0\n,1\n")["text"].tolist() == ["a", "b"]
    assert "2 rows have no text" in caplog.text


def test_treebank_text_is_made_natural_on_request(csv):
    """Texts are detokenised only if the option is set."""
    assert csv("text,label\nI do n't .,1\n", detokenise=True)["text"].tolist() == ["I don't."]
    assert csv("text,label\nI do n't .,1\n")["text"].tolist() == ["I do n't ."]


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        ("", UnreadableData, "it is empty"),
        (b"text,label\n\xff\xfe,1\n", UnreadableData, "UTF-8"),
        ('text,label\n"open,1\n', UnreadableData, "cannot be read"),
        ("review,label\na,1\n", NotLabelled, "no column 'text'; its columns: review, label"),
        ("text,stars\na,1\n", NotLabelled, "no label; its columns: text, stars"),
        ("text,label\n", NotLabelled, "no rows"),
        ('text,label\n" ",1\n', NotLabelled, "no rows"),
        ("text,label\n,1\nb,good\nc,x\n", BadLabelledRow, r"row 2: label is not .*'good'.*: 2"),
        ("text,score\na,1.5\n", BadLabelledRow, r"score is not a number from 0 to 1 \('1.5'\)"),
        ("text,score\na,nan\n", BadLabelledRow, "score is not"),
        ("text,label5\na,2.5\n", BadLabelledRow, "label5 is not"),
        ("text,score,label5\na,,\n", BadLabelledRow, "there is no score or label5"),
        ("text,label,split\na,1,both\n", BadLabelledRow, "split is not train, dev or test"),
        ("text,label\na,-1\nb,0\n", BadLabelledRow, r"label is not .*'-1'"),
        ("text,label\na,1,more\n", UnreadableData, "line 2: it has 3 cells"),
        ("text,label\na,1\nb\n", UnreadableData, "line 3: it has 1 cell"),
        ('text,label\n"a" b,1\n', UnreadableData, "line 2"),
        ("text,label,text\na,1,b\n", NotLabelled, "two columns 'text'"),
    ],
)
def test_a_bad_file_is_named_with_its_reason(csv, content, error, message):
    """Each error is one sentence that names the file, the row and the expected value."""
    with pytest.raises(error, match=f"(?s)data.csv.*{message}"):
        csv(content)


@pytest.mark.parametrize(
    ("reading", "error", "message"),
    [
        (Reading(text_column="review"), NotLabelled, "no column 'review'.*text_column"),
        (Reading(label_column="stars"), NotLabelled, "no column 'stars'"),
        (Reading(label_column="text"), NotLabelled, "for both texts and labels"),
        (Reading(label_column="of3"), BadLabelledRow, r"of3 is not 0 or 1.*label5\) \('2'\)"),
    ],
)
def test_bad_columns_are_named(csv, reading, error, message):
    """0, 1, 2 have no meaning of their own: a 2 may be the best label or a middle one."""
    with pytest.raises(error, match=f"(?s)data.csv.*{message}"):
        csv("text,label,of3\na,1,2\nb,0,0\n", reading=reading)


def test_a_missing_file_is_named(tmp_path):
    """A missing file raises an error of labelled data."""
    with pytest.raises(UnreadableData, match=r"nowhere\.csv"):
        read_labelled([tmp_path / "nowhere.csv"])


def _rows(count):
    return "".join(f"text {n % 40},{n % 2}\n" for n in range(count))


def test_a_random_split_follows_the_seed_and_keeps_texts_apart(csv):
    """The same seed gives the same split, another seed another; no text is on both sides."""
    frame = csv("text,label\n" + _rows(400))
    once, again, other = (split(frame, seed=seed, dev_share=0.3) for seed in (1, 1, 2))
    assert once.equals(again)
    assert not once["split"].equals(other["split"])
    sides = once.groupby("split")["text"].unique()
    assert set(sides["train"]).isdisjoint(sides["dev"])
    assert len(once) == 400


def test_the_split_of_a_file_is_used_without_its_leaks(csv):
    """The file's own split is used; a train row whose text is also in dev is dropped."""
    frame = csv("text,label,split\na,1,train\nb,0,\nc,1,train\nc,1,dev\nd,0,valid\n")
    divided = split(frame, seed=0)
    assert divided[["text", "split"]].to_numpy().tolist() == [
        ["a", "train"],
        ["b", "train"],
        ["c", "dev"],
        ["d", "dev"],
    ]


def test_both_sides_need_both_kinds(csv):
    """Training on positive rows only is refused, and the message holds the counts."""
    with pytest.raises(TooFewLabels, match="0 negative and 2 positive rows in 'train'"):
        split(csv("text,label,split\na,1,train\nb,1,train\nc,0,dev\nd,1,dev\n"), seed=0)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.csv", b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "git lfs pull"),
        ("a.csv.gz", b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "git lfs pull"),
        ("a.csv", b"<!DOCTYPE html>\n<p>404", "web page.*Download"),
        ("a.csv", b"<?xml version='1.0'?><Error/>", "XML.*Download"),
        ("a.csv", b'{"text": "good", "label": 1}\n', "JSON.*as CSV"),
        ("a.csv", b"PAR1\0\0", "Parquet.*as CSV"),
        ("a.xlsx", b"PK\x03\x04\0", "Excel.*as CSV"),
        ("a.xls", b"\xd0\xcf\x11\xe0\0", "Excel.*as CSV"),
        ("a.csv", b"\0" * 99, "nothing but zeros"),
        ("a.csv", gzip.compress(b"text,label\na,1\n"), r"name end in \.gz"),
        ("a.csv.gz", b"text,label\na,1\n", "not compressed. Rename it"),
    ],
)
def test_a_file_of_another_kind_is_named(csv, name, content, reason):
    """The message says what the file is and what to do, instead of quoting it as columns."""
    with pytest.raises(UnreadableData, match=reason):
        csv(content, name)


def test_labels_of_a_row_may_not_contradict_each_other(csv):
    """If two columns put a row on different sides, none of them is believed."""
    with pytest.raises(BadLabelledRow, match="row 2: label contradicts another label"):
        csv("text,score,label\na,0.9,1\nb,0.1,1\nc,0.2,neutral\nd,0.5,0\n")
