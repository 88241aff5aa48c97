"""`guess=true` for a model of a table: which column of the file is which input."""

import pytest
from support.doubles.table_model import TableModel
from support.guesses import guessed, rows_of_the_job, values_of
from support.in_memory import Service, make_service
from support.problems import refused

from shared.config.settings import Settings


@pytest.fixture
def tables(settings: Settings) -> Service:
    """A service with a model of a table: age, sex, class and alive."""
    return make_service(settings, model=TableModel())


def test_a_table(tables: Service) -> None:
    """Names that differ in case and blanks are renamed, and decimal commas are guessed."""
    content = b"Row ID;AGE;SEX; class;A live\n1;22,5;male;3;yes\n2;1,25;female;1;no\n3;;male;1;\n"
    answer = guessed(tables, content)
    assert answer.status_code == 200, answer.text
    assert answer.json["options"] == {
        "delimiter": "semicolon",
        "rename": "AGE:age,SEX:sex,A live:alive",
        "ref_column": "Row ID",
        "decimal": "comma",
    }
    assert [row["inputs"]["age"] for row in answer.json["first_rows"]] == [22.5, 1.25, None]
    shown = [(row["ref"], row["error"]) for row in answer.json["first_rows"]]
    assert rows_of_the_job(tables, content, "text/csv", answer.json["options"]) == shown


@pytest.mark.parametrize(
    "ages",
    [["1,234", "2,345"], ["1,5", "2.5"], ["22", "38"], ["1,5", "about 2,5"], ["1.5", "2"]],
)
def test_a_decimal_comma_that_is_not_sure(tables: Service, ages: list[str]) -> None:
    """Numbers of thousands, or points beside commas, are no reason for a decimal comma."""
    rows = "".join(f"{age};male;1;yes\n" for age in ages)
    answer = guessed(tables, f"age;sex;class;alive\n{rows}".encode())
    assert values_of(answer) == {"delimiter": "semicolon"}


def test_a_table_without_a_column_of_the_model(tables: Service) -> None:
    """The refusal has the guesses of the others."""
    answer = guessed(tables, b"AGE,class,alive\n1,2,yes\n")
    refused(tables, answer, 422, "no-such-column")
    assert answer.json["options"] == {"rename": "AGE:age"}
    assert answer.json["columns"] == ["AGE", "class", "alive"]


def test_a_column_of_another_type_is_not_renamed(tables: Service) -> None:
    """Its cells must be what the model takes."""
    answer = guessed(tables, b"Age,sex,class,alive\nold,male,2,yes\nyoung,male,1,no\n")
    refused(tables, answer, 422, "no-such-column")
    assert "rename" not in answer.json["options"]


def test_a_column_with_a_name_that_needs_quotes(tables: Service) -> None:
    """The value of `rename` can be sent as it is."""
    content = b'"A,ge",sex,class,alive\n1,male,2,yes\n'
    assert "rename" not in values_of(guessed(tables, content))
    content = b'"A-G E",sex,class,alive\n1,male,2,yes\n'
    assert values_of(guessed(tables, content)) == {"rename": "A-G E:age"}
