"""Every setting is documented, handed on by compose, and spelled right."""

from pathlib import Path

import pytest

from scorelane.commands.settings_page import page
from shared.config.settings import Settings, unknown_variables

ROOT = Path(__file__).resolve().parent.parent.parent

#: What the images set themselves.
OF_THE_IMAGES = {"blobs_dir", "models_dir"}


def test_the_page_has_every_setting() -> None:
    """docs/settings.md is what `make settings` writes."""
    assert (ROOT / "docs/settings.md").read_text() == page(), "run `make settings`"
    assert all(field.description for field in Settings.model_fields.values())


def test_compose_hands_on_every_setting() -> None:
    """But for the folders, which are those of the images."""
    compose = (ROOT / "docker-compose.yml").read_text()
    for name in Settings.model_fields.keys() - OF_THE_IMAGES:
        assert f"      SCORELANE_{name.upper()}:" in compose or (
            f"\n  SCORELANE_{name.upper()}:" in compose
        ), name


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("SCORELANE_RETENTION_SECOND", "did you mean SCORELANE_RETENTION_SECONDS?"),
        ("SCORELANE_MODEL_DIR", "did you mean SCORELANE_MODELS_DIR?"),
        ("SCORELANE_FAVOURITE_COLOUR", "docs/settings.md"),
        ("scorelane_worker", "is not a setting"),
    ],
)
def test_a_variable_that_is_no_setting_is_named(name: str, said: str) -> None:
    """With the setting that it was most likely meant to be."""
    [found] = unknown_variables(["PATH", name, "SCORELANE_SERVE"])
    assert found.startswith(name)
    assert said in found


def test_settings_and_the_variables_of_others_are_not_named() -> None:
    """Those of the command line, of compose and of the tests; in any case."""
    names = ["SCORELANE_URL", "SCORELANE_API_KEY", "SCORELANE_TAG", "SCORELANE_TEST_DATA"]
    assert unknown_variables([*names, "SCORELANE_SERVE", "scorelane_serve", "HOME"]) == []
