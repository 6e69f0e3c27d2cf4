"""Wrong kinds of files at the paths of the database: they are reported with a fix and not
changed."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.cli.cli_harness import CliHarness, write_sessions
from tests.unit.tail.builders import (
    NOBODY,
    as_a_user_without_rights,
    folder_everyone_may_enter,
)


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CliHarness:
    found = CliHarness(tmp_path, capsys)
    _, found.now = write_sessions(found.home)
    found.db.parent.mkdir()
    return found


def of_sqlite(path: Path) -> None:
    with sqlite3.connect(path) as made:
        made.execute("create table t (a)")
    made.close()


def linked(path: Path) -> None:
    (path.parent / "elsewhere").mkdir()
    path.symlink_to(path.parent / "elsewhere")


def linked_log(path: Path) -> None:
    (path.parent / "elsewhere").write_bytes(b"mine")
    path.symlink_to(path.parent / "elsewhere")


@pytest.mark.fault("A03")
@pytest.mark.parametrize("read_before", [False, True], ids=["new", "read before"])
@pytest.mark.parametrize(
    ("suffix", "make", "text"),
    [
        ("", of_sqlite, "is not a Tailboard database: it is a"),
        ("", Path.mkdir, "is not a Tailboard database: it is a folder"),
        (".wal", Path.mkdir, "is a folder, where the database keeps its log"),
        (".wal", linked_log, "is a link, where the database keeps its log"),
        (".spool", Path.touch, "is a file, where the database keeps its working folder"),
        (".spool", linked, "is a link, where the database keeps its working folder"),
    ],
)
def test_a_file_of_the_wrong_type_is_reported_with_a_fix_and_not_changed(
    cli: CliHarness, suffix: str, make: Callable[[Path], None], text: str, *, read_before: bool
) -> None:
    if read_before:
        assert cli.run("ingest", "-q").code == 0
    harness = cli.db.with_name(cli.db.name + suffix)
    if harness.exists():
        harness.rename(cli.tmp / "aside")
    make(harness)
    before = sorted(cli.db.parent.rglob("*")), harness.lstat()
    # Without a database, a command that only reads has nothing to open.
    for command in (["ingest"], ["status"]) if cli.db.exists() else (["ingest"],):
        answer = cli.run(*command)
        assert answer.code == 3, answer.err
        assert text in answer.err
        assert "--db PATH" in answer.err
        assert "sqlite_scanner" not in answer.err
    left = {path for path in cli.db.parent.rglob("*") if path.name.startswith("elsewhere")}
    assert all(path.is_dir() or path.read_bytes() == b"mine" for path in left)
    assert harness.lstat().st_ino == before[1].st_ino


@pytest.fixture
def shared(capsys: pytest.CaptureFixture[str]) -> Iterator[CliHarness]:
    """A harness without root privileges, whose user owns the files that were read."""
    with folder_everyone_may_enter() as folder:
        found = CliHarness(folder, capsys)
        _, found.now = write_sessions(found.home)
        assert found.run("ingest", "-q").code == 0
        if os.geteuid() == 0:
            for path in [folder, *folder.rglob("*")]:
                os.chown(path, NOBODY, NOBODY)
        yield found


@pytest.mark.fault("A04")
def test_commands_that_read_answer_although_the_folder_cannot_be_written(
    shared: CliHarness,
) -> None:
    shared.db.parent.chmod(0o500)
    with as_a_user_without_rights():
        status = shared.json("status")
        answers = [shared.run(*words) for words in (["status"], ["sessions"], ["search", "parser"])]
    shared.db.parent.chmod(0o700)
    assert [answer.code for answer in answers] == [0, 0, 0], [answer.err for answer in answers]
    assert status["sources"]["following"] == 5
    assert "Fix the parser" in answers[1].out


@pytest.mark.fault("A05")
def test_a_home_without_rights_is_not_called_missing(shared: CliHarness) -> None:
    shared.home.chmod(0)
    with as_a_user_without_rights():
        answer = shared.run("ingest")
    shared.home.chmod(0o700)
    assert answer.code == 3
    assert "no Codex home" not in answer.err
    assert f"The Codex home {shared.home} cannot be read: Permission denied." in answer.err
    assert "chmod u+rx" in answer.err
