"""The log file: its content, what is left out, and that its size is bounded."""

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest import log, log_file
from ingest.errors import NotFound

TOKEN = "ghp_" + "a1B2" * 9


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "tailboard.duckdb"
    log.start(path)
    yield path
    log.start(Path("/nonexistent/tailboard.duckdb"))


def test_without_an_entry_there_is_no_file(database: Path) -> None:
    assert not log.beside(database).exists()
    assert log.entries(database) == []


def test_an_entry_is_private_masked_and_on_one_line(database: Path) -> None:
    log.warning(f"The token {TOKEN}\x1b]0;owned\x07 was refused.")
    file = log.beside(database)
    assert file.name == "tailboard.log"
    assert file.stat().st_mode & 0o777 == 0o600
    assert TOKEN not in file.read_text()
    assert "\x1b" not in file.read_text()
    (entry,) = log.entries(database)
    assert (entry.level, entry.message.startswith("The token [secret")) == ("warning", True)


def test_a_suppressed_error_is_logged_once(database: Path) -> None:
    for number in range(3):
        with log.suppress("Writing the state", OSError):
            raise OSError(errno.ENOSPC, f"No space left {number}")
    with log.suppress("Writing the state", OSError):
        raise PermissionError(errno.EACCES, "Permission denied")
    messages = [entry.message for entry in log.entries(database)]
    assert messages == [
        f"Writing the state failed: OSError: [Errno {errno.ENOSPC}] No space left 0",
        f"Writing the state failed: PermissionError: [Errno {errno.EACCES}] Permission denied",
    ]


def test_only_the_named_errors_are_suppressed(database: Path) -> None:
    with pytest.raises(ValueError, match="other"), log.suppress("Writing", OSError):
        raise ValueError("other")


def test_an_unexpected_error_is_logged_with_its_traceback(database: Path) -> None:
    try:
        raise LookupError("first\nsecond")
    except LookupError as error:
        log.unexpected(error)
    (entry,) = log.entries(database)
    head, *trace = entry.message.splitlines()
    assert (entry.level, head) == ("error", "Unexpected error: LookupError: first")
    assert any("test_log.py" in line for line in trace)


def test_an_error_with_a_message_for_people_is_not_unexpected(database: Path) -> None:
    log.unexpected(NotFound("There is no such session."))
    assert log.entries(database) == []


def test_the_log_is_bounded_and_keeps_the_newest_entries(database: Path) -> None:
    for number in range(2000):
        log.warning(f"{number} " + "x" * 400)
    file = log.beside(database)
    sizes = [file.stat().st_size, file.with_name("tailboard.log.1").stat().st_size]
    assert max(sizes) <= log_file.LARGEST + log_file.ENTRY_CHARS
    assert {one.name for one in file.parent.iterdir()} == {"tailboard.log", "tailboard.log.1"}
    assert log.entries(database)[-1].message.startswith("1999 ")


def test_a_link_in_place_of_the_log_is_not_followed(database: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("kept")
    log.beside(database).symlink_to(other)
    log.warning("Not written.")
    assert other.read_text() == "kept"
    assert log.entries(database) == []


def test_a_missing_folder_is_ignored(tmp_path: Path) -> None:
    log.start(tmp_path / "missing" / "tailboard.duckdb")
    log.warning("Not written.")
    assert not (tmp_path / "missing").exists()
