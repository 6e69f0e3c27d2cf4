"""`tailboard project`: users rename, merge and split projects, and can undo it."""

import os
from pathlib import Path

import pytest

from tests.build import Home
from tests.build.repository import Repo
from tests.integration.cli.cli_harness import CliHarness
from tests.integration.report.test_with_an_owner import following


@pytest.fixture
def cli(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> CliHarness:
    """Sessions in two folders of a repository, and in another repository; read."""
    cli = CliHarness(tmp_path, capsys, env={"PATH": os.environ.get("PATH", os.defpath)})
    home = Home(cli.home)
    for name in ("shop", "shop/api", "books"):
        if "/" in name:
            (tmp_path / name).mkdir()
        else:
            Repo(tmp_path / name).commit(f"Start {name}")
        session = home.session("g3", cwd=str(tmp_path / name), git=None)
        session.prompt(f"Work on {name}")
        session.plan([(f"Finish {name}", "pending")])
        session.end_turn("Done.")
        session.write()
    monkeypatch.chdir(tmp_path)
    assert cli.run("ingest", "-q").code == 0
    return cli


def projects(cli: CliHarness) -> dict[str, int]:
    """The number of sessions of each project, by its label."""
    listed = cli.json("project", "list")["projects"]
    counts = {one["label"]: one["sessions"] for one in listed}
    labels = [one["project"] for one in cli.json("sessions")["sessions"]]
    assert counts == {label: labels.count(label) for label in labels}
    return counts


def test_the_projects_are_listed_with_their_folders(cli: CliHarness, tmp_path: Path) -> None:
    assert projects(cli) == {"shop": 2, "books": 1}
    (shop,) = cli.json("project", "show", "shop")["projects"]
    assert shop["folder"] == str(tmp_path / "shop")
    assert shop["folders"] == [str(tmp_path / "shop"), str(tmp_path / "shop" / "api")]
    assert "2 sessions" in cli.run("project", "show", "shop").out
    assert "books" in cli.run("project").out
    assert cli.run("project", "show", "none").code == 1


def test_a_project_is_renamed_and_found_by_its_new_name(cli: CliHarness) -> None:
    assert cli.run("tasks", "add", "Sell", "--project", "shop").code == 0
    renamed = cli.run("project", "rename", "shop", "store")
    assert renamed.code == 0, renamed.err
    assert "store" in renamed.out
    assert projects(cli) == {"store": 2, "books": 1}
    texts = [one["text"] for one in cli.json("tasks", "list", "--project", "store")["tasks"]]
    assert sorted(texts) == ["Finish shop", "Finish shop/api", "Sell"]
    assert cli.run("sessions", "--project", "shop").code == 1
    assert cli.run("project", "rename", "store", "a/b").code == 2
    # Two projects may have one name.
    assert cli.run("project", "rename", "store", "books").code == 0
    assert len(projects(cli)) == 2
    assert cli.run("project", "undo").code == 0
    assert cli.run("project", "undo").code == 0
    assert projects(cli) == {"shop": 2, "books": 1}
    assert cli.run("project", "undo").code == 1


def test_projects_are_merged_and_split_again(cli: CliHarness, tmp_path: Path) -> None:
    merged = cli.json("project", "merge", "books", "shop")
    assert [one["label"] for one in merged["projects"]] == ["shop"]
    assert merged["gone"] == ["books"]
    assert projects(cli) == {"shop": 3}
    by_folder = cli.json("tasks", "list", "--project", str(tmp_path / "books"))["tasks"]
    assert {one["project"] for one in by_folder} == {"shop"}
    assert cli.run("project", "merge", "shop", str(tmp_path / "books")).code == 2
    cli.run("project", "undo")
    assert projects(cli) == {"shop": 2, "books": 1}


def test_a_folder_is_split_off(cli: CliHarness, tmp_path: Path) -> None:
    assert cli.run("project", "split", str(tmp_path / "books" / "none")).code == 1
    answer = cli.run("project", "split", "shop/api", "--reason", "another team")
    assert answer.code == 0, answer.err
    assert projects(cli) == {"shop": 1, "api": 1, "books": 1}
    (tmp_path / "shop" / "api" / "src").mkdir()
    tasks = cli.json("tasks", "list", "--project", str(tmp_path / "shop" / "api" / "src"))["tasks"]
    assert [one["text"] for one in tasks] == ["Finish shop/api"]
    cli.run("project", "undo")
    assert projects(cli) == {"shop": 2, "books": 1}


def test_edits_of_projects_survive_the_loss_of_the_database(cli: CliHarness) -> None:
    cli.run("project", "rename", "shop", "store")
    cli.db.unlink()
    assert cli.run("ingest", "-q").code == 0
    assert projects(cli) == {"store": 2, "books": 1}


def test_an_edit_that_an_owner_recorded_is_applied(cli: CliHarness) -> None:
    with following(cli):
        assert cli.run("project", "rename", "shop", "store").code == 0
    assert cli.run("ingest", "-q").code == 0
    assert projects(cli) == {"store": 2, "books": 1}
