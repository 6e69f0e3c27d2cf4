"""The builders compared with files of real releases: the same lines, order and keys."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.build import Home, Rollout
from tests.build import scenarios as script
from tests.corpus import corpus

RELEASES: dict[str, tuple[str, str, bool]] = {
    "codex-0.20.0": ("g1", "0.20.0", False),
    "codex-0.63.0": ("g2", "0.63.0", False),
    "codex-0.101.0": ("g3", "0.101.0", False),
    "codex-0.150.0": ("g4", "0.150.0", False),
    "codex-0.169.0": ("g4", "0.169.0", False),
    "codex-0.169.0-codemode": ("g4", "0.169.0", True),
}
PROMPTS = {
    "plan": script.PLAN_PROMPT,
    "partial": "Start the parser refactoring",
    "chat": "Say hello",
    "goal": "Work toward a goal",
    "abort": 'Run something long"',
    "killed": "Run something long and die",
    "error": "Meet a server error",
    "compact": "Fill the context and compact",
}
# The real ones answered "no goals in this version", because the script did not know the tool.
UNLIKE = {("codex-0.169.0-codemode", "goal")}
# Keys that depend on what the real script or its server happened to do.
OPTIONAL = {"replacement_history_metadata", "resume_metadata"}


def real_files(folder: str, prompt: str | None = None) -> list[Path]:
    files = sorted((corpus() / folder).rglob("rollout-*.jsonl"))
    return [file for file in files if prompt is None or prompt in file.read_text()]


def cases() -> list[Any]:
    found = []
    for folder in RELEASES:
        for name, prompt in PROMPTS.items():
            if (folder, name) not in UNLIKE and real_files(folder, prompt):
                found.append(pytest.param(folder, name, id=f"{folder}-{name}"))
    return found


def kind(line: bytes) -> str:
    record = json.loads(line)
    payload = record.get("payload", record)
    item = payload.get("item") or {}
    names = (record.get("type"), payload.get("type"), payload.get("role"), item.get("type"))
    return " ".join(name for name in names if name)


def kinds(lines: Iterable[bytes]) -> list[str]:
    """The kind of each line; a race of the real program is decided one way."""
    result = [kind(line) for line in lines]
    for here in range(len(result) - 1):
        if result[here].endswith("FileChange") and result[here + 1] == "token_usage_record":
            result[here], result[here + 1] = result[here + 1], result[here]
    return result


def keys(lines: Iterable[bytes]) -> dict[str, set[tuple[str, ...]]]:
    """The observed orders of keys for each kind of line."""
    seen: dict[str, set[tuple[str, ...]]] = {}
    for line in lines:
        record = json.loads(line)
        payload = record.get("payload", record)
        own = [key for key in payload if key not in OPTIONAL]
        order = (*record, "|", *own, "|", *(payload.get("item") or {}))
        seen.setdefault(kind(line), set()).add(order)
    return seen


def build(home: Home, folder: str, name: str) -> Rollout:
    generation, version, code_mode = RELEASES[folder]
    built = script.ALL[name](home, generation, version, code_mode=code_mode)
    assert isinstance(built, Rollout)
    return built


@pytest.mark.parametrize(("folder", "name"), cases())
def test_a_scripted_session_has_the_lines_of_the_real_one(
    folder: str, name: str, tmp_path: Path
) -> None:
    real = real_files(folder, PROMPTS[name])[0].read_bytes().splitlines()
    assert kinds(build(Home(tmp_path), folder, name).lines) == kinds(real)


@pytest.mark.parametrize("folder", RELEASES)
def test_every_kind_of_line_has_the_keys_of_the_real_one_in_its_order(
    folder: str, tmp_path: Path
) -> None:
    real = keys(line for file in real_files(folder) for line in file.read_bytes().splitlines())
    for name, prompt in PROMPTS.items():
        if (folder, name) in UNLIKE or not real_files(folder, prompt):
            continue
        for what, orders in keys(build(Home(tmp_path), folder, name).lines).items():
            assert orders <= real.get(what, orders), (folder, name, what)


# ── forks, agents, reviews ──────────────────────────────────────────────────────────────────────


def family_of_messages(home: Home, generation: str, version: str) -> tuple[Rollout, Rollout]:
    """The session of the corpus's forks: three turns, one rolled back, a compaction."""
    session = home.session(generation, version, source="vscode")
    for number in range(3):
        session.prompt(f"message {number}")
        session.end_turn(f"reply {number}")
    session.rollback(1)
    session.prompt("post rollback message")
    session.end_turn("post rollback")
    session.compact()
    fork = session.fork()
    fork.prompt("fork message")
    fork.end_turn("fork reply")
    session.prompt("to be interrupted")
    session.abort_turn()
    return session, fork


@pytest.mark.parametrize("version", ["0.98.0", "0.145.0"])
def test_a_legacy_fork_repeats_its_parent_as_the_real_one_does(
    version: str, tmp_path: Path
) -> None:
    generation = "g2" if version == "0.98.0" else "g3"
    parent, fork = family_of_messages(Home(tmp_path), generation, version)
    child = parent.review()
    real_parent, real_fork, real_review = real_files(f"codex-{version}-fork-rename")
    assert kinds(child.lines) == kinds(real_review.read_bytes().splitlines())
    assert kinds(fork.lines) == kinds(real_fork.read_bytes().splitlines())
    ours = kinds(parent.lines)
    assert ours == kinds(real_parent.read_bytes().splitlines())[: len(ours)]


def spawning(home: Home, generation: str, version: str, code_mode: bool) -> list[Rollout]:
    session = home.session(generation, version, source="vscode", code_mode=code_mode)
    session.prompt("opening message")
    session.end_turn("hello")
    session.prompt("SPAWNIT now")
    child = session.spawn("CHILDTASK do a thing", "childone", copied=True)
    child.end_turn("agent text B")
    session.agent_done(child)
    session.end_turn("agent text A")
    return [session, child]


@pytest.mark.parametrize(
    ("generation", "version", "code_mode"), [("g3", "0.115.0", False), ("g4", "0.169.0", True)]
)
def test_an_agent_with_history_has_the_lines_of_the_real_one(
    generation: str, version: str, code_mode: bool, tmp_path: Path
) -> None:
    parent, child = spawning(Home(tmp_path), generation, version, code_mode)
    real_parent, real = real_files(f"codex-{version}-agents-fork")
    assert kinds(child.lines) == kinds(real.read_bytes().splitlines())
    ours = kinds(parent.lines)
    # In 0.115 the child ended only after the parent's next answer.
    until = len(ours) if code_mode else ours.index("response_item function_call_output") + 1
    assert ours[:until] == kinds(real_parent.read_bytes().splitlines())[:until]


def test_agent_header_names_the_first_ordinal_of_its_own_history(tmp_path: Path) -> None:
    _, child = spawning(Home(tmp_path), "g4", "0.169.0", True)
    real = json.loads(real_files("codex-0.169.0-agents-fork")[1].read_bytes().splitlines()[0])
    ours = json.loads(child.lines[0])
    start = "subagent_history_start_ordinal"
    assert ours["payload"][start] == real["payload"][start]
    assert child.expected.copied_lines == ours["payload"][start] - 1


def test_reverted_thread_continues_in_a_segment_like_the_real_one(tmp_path: Path) -> None:
    session = Home(tmp_path).session("g4", "0.169.0", source="vscode")
    for number in range(3):
        session.prompt(f"message {number}")
        session.end_turn(f"reply {number}")
    segment = session.revert(before_turn=2)
    segment.prompt("post revert message")
    segment.end_turn("post revert reply")
    segment.prompt("to be interrupted")
    segment.abort_turn()
    child = segment.review()
    first, second, review = real_files("codex-0.169.0-revert")
    assert kinds(session.lines) == kinds(first.read_bytes().splitlines())
    ours, real = kinds(segment.lines), kinds(second.read_bytes().splitlines())
    assert ours == real[: len(ours)]
    assert kinds(child.lines) == kinds(review.read_bytes().splitlines())
    cut = json.loads(segment.lines[0])
    real_cut = json.loads(second.read_bytes().splitlines()[0])
    assert (
        cut["ordinal"]
        == real_cut["ordinal"]
        == cut["payload"]["history_base"]["end_ordinal_exclusive"]
    )
    assert list(cut["payload"]) == list(real_cut["payload"])
