from pathlib import Path

import pytest

from scorelane.stack.wanted_models import to_serve
from shared.config.places import user_models
from shared.config.settings import Settings


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder with three models, one of which is the default."""
    for name in ("fast", "mine", "mine@3f2a1b4c5d6e", "other"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("wanted", "serve"),
    [
        ([], "fast"),
        (["mine"], "mine"),
        (["mine@3f2a"], "mine"),
        (["mine@champion", "mine"], "mine"),
        (["mine", "other"], "mine,other"),
        (None, ""),
        (["unknown"], ""),
        (["mine", "unknown"], ""),
        (["../mine"], ""),
        (["mine,other"], ""),
    ],
)
def test_only_the_models_of_the_job_are_loaded(
    models: Path, wanted: list[str] | None, serve: str
) -> None:
    """A service for one file loads what the job names, and all models if that is not certain."""
    assert to_serve(Settings(serve="", default_model="fast"), models, wanted) == serve


def test_what_the_user_has_set_is_kept(models: Path) -> None:
    """`SCORELANE_SERVE` says what is served, whatever the job names."""
    assert to_serve(Settings(serve="other"), models, ["mine"]) == "other"


def test_another_default_model_is_loaded_alone(models: Path) -> None:
    """A job that names no model needs the default one, which is a setting."""
    assert to_serve(Settings(serve="", default_model="mine"), models, []) == "mine"


def test_a_bundled_model_is_loaded_alone_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bundled models are served next to the user's own, so they need no folder among those."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    (user_models() / "mine").mkdir(parents=True)
    assert to_serve(Settings(serve="", default_model="fast"), user_models(), []) == "fast"
    assert to_serve(Settings(serve=""), user_models(), ["fast", "mine"]) == "fast,mine"
    assert to_serve(Settings(serve=""), user_models(), ["fast", "unknown"]) == ""
