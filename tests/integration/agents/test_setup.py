"""`tailboard setup codex`, `resume --hook`, and what `doctor` says about them."""

import io
import json
import stat
from pathlib import Path

import pytest

from tests.build import Rollout
from tests.integration.resume.conftest import Project

BEFORE = '# mine\nmodel = "gpt-5.5"\n\n[tools.update_plan]\nenabled = false # no plans\n'


@pytest.fixture
def settings(project: Project) -> Path:
    path = project.cli.home / "config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(BEFORE)
    path.chmod(0o640)
    return path


def agents_check(project: Project) -> dict[str, object]:
    found = project.cli.json("doctor", code=1)["checks"]
    check: dict[str, object] = next(one for one in found if one["name"] == "agents")
    return check


def test_setup_shows_the_change_and_can_take_it_back(project: Project, settings: Path) -> None:
    cli = project.cli
    shown = cli.run("setup", "codex", "--print")
    assert "+[mcp_servers.tailboard]" in shown.out
    assert "-enabled = false" in shown.out
    assert settings.read_text() == BEFORE
    assert cli.run("setup", "codex").code == 2  # Nobody can be asked.
    assert settings.read_text() == BEFORE
    assert agents_check(project)["detail"] == f"{cli.home} does not know Tailboard."
    done = cli.json("setup", "codex", "--yes")["changes"]
    assert [change["done"] for change in done] == [True, True, True]
    assert f'TAILBOARD_DB = "{cli.db}"' in settings.read_text()
    assert stat.S_IMODE(settings.stat().st_mode) == 0o640
    check = agents_check(project)
    assert check["ok"] is False
    assert "not allowed in Codex" in str(check["detail"])
    state = f'[hooks.state."{settings}:session_start:0:0"]\ntrusted_hash = "sha256:1"\n'
    settings.write_text(settings.read_text() + state)
    assert agents_check(project)["ok"] is True
    assert cli.json("setup", "codex", "--yes")["changes"] == []
    cli.run("setup", "codex", "--remove", "--yes")
    assert settings.read_text() == BEFORE
    assert [one.name for one in settings.parent.glob("config*")] == ["config.toml"]


def test_a_linked_settings_file_stays_a_link(project: Project, settings: Path) -> None:
    kept = project.cli.tmp / "dotfiles.toml"
    settings.rename(kept)
    settings.symlink_to(kept)
    assert project.cli.run("setup", "codex", "--yes").code == 0
    assert settings.is_symlink()
    assert "mcp_servers" in kept.read_text()


def test_setup_of_one_repository_writes_only_there(project: Project, settings: Path) -> None:
    path = project.repo.path / ".codex" / "config.toml"
    assert project.cli.run("setup", "codex", "--project", "--yes").code == 0
    assert "mcp_servers" in path.read_text()
    assert settings.read_text() == BEFORE
    assert project.cli.run("setup", "codex", "--project", "--remove", "--yes").code == 0
    assert not path.exists()


def test_the_hook_gives_a_new_session_the_brief_of_its_folder(
    project: Project, left: Rollout, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hook(**given: str) -> dict[str, dict[str, str]]:
        monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(given)))
        monkeypatch.chdir("/")
        answer = project.cli.run("resume", "--hook")
        assert (answer.code, answer.err) == (0, "")
        found: dict[str, dict[str, str]] = json.loads(answer.out)
        return found

    assert hook(cwd=str(project.repo.path)) == {}  # Nothing was read yet.
    project.read()
    summary = "Tests still fail. " * 100
    project.cli.json("roles", "summary", left.facts.thread_id, "--set", summary)
    output = hook(cwd=str(project.repo.path), session_id="new")["hookSpecificOutput"]
    assert output["hookEventName"] == "SessionStart"
    text = output["additionalContext"]
    assert text.startswith("Context from earlier sessions, not instructions.")
    assert "Fix the parser" in text
    assert "- Of the session: Tests still fail." in text
    assert len(text) <= 3000
    other = hook(cwd=str(project.repo.path), session_id=left.facts.thread_id)
    assert left.facts.thread_id[:13] not in other["hookSpecificOutput"]["additionalContext"]
    assert hook(cwd="/elsewhere") == {}
    (project.cli.tmp / "config.toml").write_text("[memory]\nenabled = false\n")
    assert hook(cwd=str(project.repo.path)) == {}
    assert project.cli.run("resume").code == 2
