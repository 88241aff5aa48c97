"""Dry runs of models of tables."""

from support.doubles.table_model import INPUTS, TableModel
from support.in_memory import make_service

from shared.config.settings import Settings


def test_a_dry_run_warns_about_texts_that_pandas_reads_as_missing(settings: Settings) -> None:
    """Where values may be missing; a column that needs a text in each row has no such values."""
    optional = tuple(
        one.model_copy(update={"required": False}) if one.name == "sex" else one for one in INPUTS
    )
    body = "age,sex,class,alive\n1,NA,1,NA\nNA,,1,1\n2,male,1,1\n3,nan,1,1\n"
    warnings = []
    for inputs in (INPUTS, optional):
        service = make_service(settings, model=TableModel(inputs=inputs))
        answer = service.client.post("/jobs?validate=true", data=body, content_type="text/csv")
        warnings.append(answer.json["warnings"])
    required, [warning] = warnings
    assert required == []
    assert warning.startswith("Of the column sex, 2 cells are 'NA' or a similar word.")
    assert "leave such cells empty" in warning
