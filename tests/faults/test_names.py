"""Names that are not valid UTF-8: arguments, folders and the path of the database."""

import contextlib
import os
import shutil
from pathlib import Path

import pytest

from ingest.cli.main import run
from tests.build import Home
from tests.integration.cli.cli_harness import START, CliHarness
from tests.prepared import PreparedHome

ODD = "caf\udce9"
"""A name with bytes that are not UTF-8, as Python represents it."""
ARGUMENTS = (
    ("sessions", "--project", ODD),
    ("sessions", "--branch", ODD),
    ("search", ODD),
    ("tasks", "add", ODD),
    ("tasks", "add", "Write it", "--project", ODD),
    ("batches", "pause", "--reason", ODD),
    ("sql", f"select '{ODD}'"),
    ("show", ODD),
)
HERE = (
    ("resume",),
    ("tasks",),
    ("tasks", "add", "Write it"),
    ("status",),
    ("sessions", "--project", "."),
    ("state", "export", "--out", "state"),
    ("journal", "show"),
    ("snapshot", "--overwrite", "--out", "copy.duckdb"),
    ("doctor",),
)


def prepare(folder: Path) -> None:
    session = Home(folder / "codex").session()
    session.prompt("Begin")
    session.end_turn("Done.")
    session.write()
    database = folder / "data" / "tailboard.duckdb"
    env = {"CODEX_HOME": str(folder / "codex"), "TAILBOARD_DB": str(database)}
    assert run(("ingest", "-q"), env, START) == 0


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> PreparedHome[None]:
    return PreparedHome(lambda: tmp_path_factory.mktemp("names"), prepare)


@pytest.fixture
def cli(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], prepared: PreparedHome[None]
) -> CliHarness:
    cli = CliHarness(tmp_path, capsys)
    cli.prepared_home, _ = prepared.copy_database(tmp_path)
    return cli


@pytest.mark.fault("P44")
def test_an_argument_that_is_not_text_is_refused_in_a_sentence(cli: CliHarness) -> None:
    before = cli.db.read_bytes()
    for words in ARGUMENTS:
        answer = cli.run(*words)
        assert answer.code == 2, words
        assert "not valid UTF-8" in answer.err, words
    assert cli.db.read_bytes() == before


@pytest.mark.fault("P44")
@pytest.mark.parametrize("words", HERE, ids=" ".join)
def test_every_command_works_in_a_folder_whose_name_is_not_text(
    cli: CliHarness, tmp_path: Path, words: tuple[str, ...]
) -> None:
    here = tmp_path / ODD
    here.mkdir()
    with contextlib.chdir(here):
        answer = cli.run(*words)
        document = cli.run(*words, "--json")
    for one in (answer, document):
        assert one.code in (0, 1), one.err
        assert "report it" not in one.err


@pytest.mark.fault("P44")
@pytest.mark.parametrize("words", [("ingest",), ("status",), ("tasks", "add", "Write it")])
@pytest.mark.parametrize("there", [False, True], ids=["new", "known"])
def test_a_database_whose_path_is_not_text_is_refused_in_a_sentence(
    cli: CliHarness, tmp_path: Path, words: tuple[str, ...], there: bool
) -> None:
    folder = tmp_path / ODD
    if there:
        cli.db.parent.rename(folder)
    answer = cli.run(*words, "--db", str(folder / cli.db.name))
    if words == ("status",) and not there:
        assert "Nothing has been read yet" in answer.out + answer.err
    else:
        assert answer.code == 3
        assert r"not valid UTF-8: " in answer.err
        assert r"caf\xe9" in answer.err
        assert "--db PATH" in answer.err
    assert folder.exists() is there


@pytest.mark.fault("P44")
@pytest.mark.parametrize("name", [ODD, "one, two"])
def test_a_home_with_any_name_is_read_once(cli: CliHarness, tmp_path: Path, name: str) -> None:
    cli.env["CODEX_HOME"] = str(shutil.copytree(cli.home, tmp_path / name))
    cli.db.unlink()
    assert cli.json("ingest")["lines"] > 0
    assert cli.json("ingest")["lines"] == 0
    assert cli.json("status")["homes"] == [os.fsencode(tmp_path / name).decode(errors="replace")]
