"""Every command of the README and the manual works as described: each is run on the demo."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest

from ingest.cli.main import cli, run
from ingest.demo.story import shipped
from ingest.demo.writer import DemoWriter
from tests.integration.cli.cli_harness import CliHarness

ROOT = Path(__file__).resolve().parents[3]
README = (ROOT / "README.md").read_text()
MANUAL = (ROOT / "MANUAL.md").read_text()
PAGES = README.split("<!-- bench:start -->")[0] + MANUAL
NOW = datetime.fromtimestamp(shipped().now_ms / 1000, UTC)

ELSEWHERE = {
    "tailboard demo": "tests/integration/tui/test_demo.py",
    "tailboard ingest --follow": "tests/integration/sharing/test_commands_and_owner.py",
    "tailboard config edit": "tests/integration/cli/test_config.py",
    "pipx install .": "tests/integration/package/test_install.py",
    "codex mcp add tailboard -- tailboard mcp": "tests/integration/agents/test_mcp.py",
    "tailboard setup git": "tests/integration/agents/test_git_hooks.py",
    "tailboard setup codex": "tests/integration/agents/test_setup.py",
    "tailboard setup codex --print": "tests/integration/agents/test_setup.py",
    "tailboard setup codex --remove": "tests/integration/agents/test_setup.py",
    "tailboard serve": "tests/integration/agents/test_http.py",
    "codex mcp add tailboard --url http://127.0.0.1:7317/mcp "
    "--bearer-token-env-var TAILBOARD_KEY": "tests/integration/agents/test_http.py",
    **{
        f"tailboard team {words}": f"tests/integration/team/{test}.py"
        for words, test in (
            ("init URL", "test_setup"),
            ("join URL", "test_setup"),
            ("migrate --print", "test_setup"),
            ("seed --sessions 40", "test_reading"),
            ("search unicode parser", "test_reading"),
        )
    },
    "tailboard mcp": "tests/integration/agents/test_mcp.py",
    "uv tool install .": "tests/integration/package/test_install.py",
}
"""Commands that need a terminal, do not end or change the machine, and the tests that run them."""


def commands() -> Iterator[str]:
    """Lines of shell blocks, lines after a prompt, and commands within a sentence."""
    for block in re.findall(r"^```sh\n(.*?)^```", PAGES, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            yield re.sub(r"\s+#.*", "", line).strip()
    yield from re.findall(r"^\$ (.+)$", PAGES, re.MULTILINE)
    prose = re.sub(r"^```.*?^```", "", PAGES, flags=re.MULTILINE | re.DOTALL)
    yield from re.findall(r"`((?:tailboard|make|pipx|uv) ?[^`]*)`", prose)


COMMANDS = sorted({command for command in commands() if command})
OURS = [one for one in COMMANDS if one.startswith("tailboard") and one not in ELSEWHERE]
MAKE = [one for one in COMMANDS if one.startswith("make")]


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demo's home and a database that has read it."""
    folder = tmp_path_factory.mktemp("readme")
    DemoWriter(shipped(), folder, NOW, UTC).write_past()
    env = {"CODEX_HOME": f"{folder}/codex", "TAILBOARD_DB": f"{folder}/data/tailboard.duckdb"}
    assert run(["ingest", "-q"], env, NOW, UTC) in (0, 1)
    return folder


@pytest.fixture
def demo(read: Path, cli: CliHarness, monkeypatch: pytest.MonkeyPatch) -> CliHarness:
    """That home and database; the current folder is that of a project."""
    shutil.copytree(read / "data", cli.db.parent)
    cli.now = NOW
    cli.env["CODEX_HOME"] = str(read / "codex")
    monkeypatch.chdir(read / "work" / "parser")
    return cli


def words_of(command: str, cli: CliHarness) -> list[str]:
    """As a user would type it: with an existing id, and without accidental changes."""
    words = shlex.split(command)[1:]
    if words[:1] == ["tasks"]:
        task = cli.json("tasks")["tasks"][0]["id"]
        words = [task if re.fullmatch(r"ID|[0-9a-f]{4}", word) else word for word in words]
    else:
        session = cli.json("sessions", "--limit", "1")["sessions"][0]["id"]
        words = [session if re.fullmatch(r"ID|[0-9a-f]{8}", word) else word for word in words]
    words = ["parser" if word == "sample" else word for word in words]
    if words[:2] == ["quarantine", "export"]:
        words += ["--out", str(cli.tmp / "lines")]
    asks = {"--dry-run", "--yes"} & options_of(words) - set(words)
    return words + sorted(asks)[:1]


def options_of(words: list[str]) -> set[str]:
    command: click.Command = cli
    context = click.Context(cli, info_name="tailboard")
    for word in words:
        found = command.get_command(context, word) if isinstance(command, click.Group) else None
        if found is None:
            break
        command, context = found, click.Context(found, context)
    return {name for param in command.get_params(context) for name in param.opts}


@pytest.mark.parametrize("command", OURS)
def test_a_command_in_the_readme_works(demo: CliHarness, command: str) -> None:
    answer = demo.run(*words_of(command, demo))
    # 1 means that something needs attention, and in the demo something does.
    assert answer.code in (0, 1), answer.err
    assert answer.out or answer.err
    assert "Usage:" not in answer.err


@pytest.mark.parametrize("command", MAKE)
def test_the_make_targets_of_the_readme_exist(command: str) -> None:
    words = shlex.split(command)
    done = subprocess.run([*words, "-n"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_readme_commands_that_are_skipped_here_have_another_test() -> None:
    left = set(COMMANDS) - set(OURS) - set(MAKE)
    assert left <= set(ELSEWHERE), "say here where it is tested"
    for command, test in ELSEWHERE.items():
        last = command.split()[-1]
        assert last in (ROOT / test).read_text(), command


def test_every_picture_file_and_anchor_in_the_readme_exists() -> None:
    named = re.findall(r"\]\((?!https?:)([^)]+)\)", README + MANUAL)
    assert "screenshots/board.png" in named
    for path, _, place in (name.partition("#") for name in named):
        assert (ROOT / path).exists(), path
        assert not place or f"\n## {place.capitalize()}\n" in (ROOT / path).read_text(), place


def test_the_first_part_of_the_readme_is_short() -> None:
    """What it is, how to start, and the tour; people read about 250 words per minute."""
    beginning = README.partition("## What it promises")[0]
    assert len(re.sub(r"!\[.*?\]\(.*?\)", "", beginning).split()) <= 500


def test_every_promise_names_the_test_that_proves_it() -> None:
    table = README.partition("## What it promises")[2].partition("\n\n")[2].partition("\n\n")[0]
    promises = table.splitlines()[2:]
    assert len(promises) > 10
    for promise in promises:
        proofs = re.findall(r"\[([^]]+)\]\(([^)]+)\)", promise)
        assert proofs, promise
        for words, path in proofs:
            name = f"def test_{words.replace(' ', '_')}("
            assert name in (ROOT / path).read_text(), name


def test_command_options_in_the_readme_exist() -> None:
    """Options and subcommands of a command, as in: `tailboard verify` (`--deep` compares every
    fact)."""
    matches = re.findall(r"`tailboard ([^`]+)`\s\(([^)]*)\)", PAGES)
    assert len(matches) > 5
    for command, brackets in matches:
        words = shlex.split(command)
        for one in re.findall(r"`([^`]+)`", brackets):
            first = one.split()[0]
            if first.startswith("--"):
                assert first in options_of(words), (command, first)
            elif not first.isupper() and ":" not in first:
                assert takes(words[0], first), (command, first)


def takes(command: str, below: str) -> bool:
    group = cli.get_command(click.Context(cli), command)
    return isinstance(group, click.Group) and below in group.list_commands(click.Context(group))


def test_shell_scripts_in_the_readme_are_valid(demo: CliHarness) -> None:
    (command,) = set(re.findall(r"\$\(tailboard ([^)]+)\)", PAGES))
    assert "_tailboard_completion" in demo.run(*command.split()).out
