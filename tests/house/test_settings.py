"""Every setting is documented and passed on by compose, and misspelled ones are reported."""

from pathlib import Path

import pytest

from scorelane.commands.settings_page import page
from shared.config.settings import Settings, unknown_variables

ROOT = Path(__file__).resolve().parent.parent.parent

#: The settings that the images set themselves.
OF_THE_IMAGES = {"blobs_dir", "models_dir"}


def test_the_page_has_every_setting() -> None:
    """docs/settings.md is up to date with `make settings`, and every setting has a description."""
    assert (ROOT / "docs/settings.md").read_text() == page(), "run `make settings`"
    assert all(field.description for field in Settings.model_fields.values())


def test_compose_passes_on_every_setting() -> None:
    """docker-compose.yml names every setting, except the folders that the images set."""
    compose = (ROOT / "docker-compose.yml").read_text()
    for name in Settings.model_fields.keys() - OF_THE_IMAGES:
        assert f"      SCORELANE_{name.upper()}:" in compose or (
            f"\n  SCORELANE_{name.upper()}:" in compose
        ), name


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("SCORELANE_RETENTION_SECOND", "did you mean SCORELANE_RETENTION_SECONDS?"),
        ("SCORELANE_MODEL_DIR", "did you mean SCORELANE_MODELS_DIR?"),
        ("SCORELANE_FAVOURITE_COLOUR", "docs/settings.md"),
        ("scorelane_worker", "is not a setting"),
    ],
)
def test_an_unknown_variable_is_reported(name: str, hint: str) -> None:
    """The message names the most similar setting, or the page that lists them."""
    [found] = unknown_variables(["PATH", name, "SCORELANE_SERVE"])
    assert found.startswith(name)
    assert hint in found


def test_known_variables_are_not_reported() -> None:
    """Settings in any case, and the variables of the command line, of compose and of the tests."""
    names = ["SCORELANE_URL", "SCORELANE_API_KEY", "SCORELANE_TAG", "SCORELANE_TEST_DATA"]
    assert unknown_variables([*names, "SCORELANE_SERVE", "scorelane_serve", "HOME"]) == []
