"""Both readings agree over the project's homes: generated ones and real files."""

import ast
import re
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.build import Home, scenarios
from tests.build.rollout import Rollout
from tests.corpus import corpus
from tests.oracle import records
from tests.oracle.comparison import Agreement, compare, table
from tests.oracle.facts import FACTS

ROOT = Path(__file__).resolve().parents[2]
RELEASES = [
    ("g1", "0.20.0"),
    ("g2", "0.36.0"),
    ("g2", "0.63.0"),
    ("g2", "0.98.0"),
    ("g3", "0.101.0"),
    ("g3", "0.115.0"),
    ("g3", "0.125.0"),
    ("g3", "0.145.0"),
    ("g4", "0.150.0"),
    ("g4", "0.155.0"),
    ("g4", "0.169.0"),
]
FAMILIES: list[Callable[[Rollout], Rollout]] = [
    lambda session: session.fork(),
    lambda session: session.review(),
    lambda session: session.revert(1),
]


def agreed(homes: Sequence[Path], database: Path) -> Agreement:
    """The agreement of both readings, after asserting that they do not differ."""
    found = compare(homes, database)
    assert found.places == []
    return found


def test_both_agree_on_scripted_sessions_of_every_release(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    for generation, version in RELEASES:
        for scenario in scenarios.ALL.values():
            made = scenario(home, generation, version)
            for session in made if isinstance(made, list) else [made]:
                session.write()
    found = agreed([home.path], tmp_path / "tailboard.duckdb")
    assert len(found.sessions) == len(RELEASES)
    assert all(sum(found.same[fact, release] for release in found.sessions) for fact in FACTS)


def test_both_agree_on_forks_reviews_and_reverts(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    for generation, version in RELEASES[-5:]:
        for cut in FAMILIES if generation == "g4" else FAMILIES[:2]:
            session = home.session(generation, version)
            for number in range(3):
                session.prompt(f"question {number}")
                session.command(f"echo {number}", number, f"{number}\n", 0.1)
                session.end_turn(f"answer {number}")
            home.clock.advance(1)
            child = cut(session)
            if child.expected.relation != "review":
                child.clock.advance(1)
                child.prompt("another question")
                child.end_turn("another answer")
            session.write()
            child.write()
    agreed([home.path], tmp_path / "tailboard.duckdb")


def test_both_agree_on_real_files(tmp_path: Path) -> None:
    agreed(sorted(corpus().glob("codex-*")), tmp_path / "tailboard.duckdb")


def test_a_difference_is_counted_and_located(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path / "home")
    session = scenarios.partial(home)
    session.write()
    monkeypatch.setattr(records, "total", lambda record: None)
    monkeypatch.setattr("tests.oracle.facts.spent", lambda usage: 0)
    found = compare([home.path], tmp_path / "tailboard.duckdb")
    spent = session.expected.tokens.total
    assert [(fact, ours, oracle) for fact, _, ours, oracle in found.places] == [
        ("tokens", [spent], [0])
    ]
    row = list(table(found))[-1]
    assert re.search(r"\| 0 / 1 differ \|", row)


def test_the_second_reading_imports_nothing_of_the_program() -> None:
    for name in ("facts", "records", "turns"):
        tree = ast.parse(Path(__file__).with_name(f"{name}.py").read_text(encoding="utf-8"))
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
        assert imports
        assert not [node for node in imports if re.search(r"\b(ingest|tui)\b", ast.unparse(node))]


def test_the_home_given_to_make_is_not_the_home_folder_of_programs(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "${HOME-unset}" "$@"\n')
    python.chmod(0o700)
    make = ["make", "-s", "-o", "setup", "oracle", f"BIN={tmp_path}", "HOME=/a/home"]
    done = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "unset -m tests.oracle --home /a/home\n"
