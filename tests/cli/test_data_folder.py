"""The data folder of a stack."""

from pathlib import Path

from scorelane.stack.folder import close_to_others


def open_folder(folder: Path) -> None:
    """A data folder as an older release may have left it."""
    folder.mkdir(mode=0o755)
    (folder / "redis").mkdir(mode=0o755)
    (folder / "api-url").write_text("http://127.0.0.1:8000\n")
    (folder / "api-url").chmod(0o644)


def modes(*paths: Path) -> list[int]:
    return [path.stat().st_mode & 0o777 for path in paths]


def test_a_data_folder_is_for_its_owner_only(tmp_path: Path) -> None:
    """One that existed before with the usual modes is closed, with all that is in it."""
    data = tmp_path / "data"
    open_folder(data)
    close_to_others(data)
    assert modes(data, data / "redis", data / "api-url") == [0o700, 0o700, 0o600]


def test_a_folder_with_other_files_stays_open(tmp_path: Path) -> None:
    """Others may go on using their files in it; those of the stack are closed all the same."""
    data = tmp_path / "data"
    open_folder(data)
    (data / "report.txt").write_text("ours")
    close_to_others(data)
    assert modes(data, data / "redis", data / "api-url") == [0o755, 0o700, 0o600]
