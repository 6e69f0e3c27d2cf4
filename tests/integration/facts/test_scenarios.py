"""The same sessions written by the project's builders, for more releases than the corpus has."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.text.redact import mask
from tests.build import Expected, Home
from tests.build import expected as what
from tests.build.rollout import Rollout
from tests.build.scenarios import ALL
from tests.integration.facts.expectations import StoredHome

RELEASES = (
    ("g1", "0.20.0", False),
    ("g2", "0.36.0", False),
    ("g2", "0.63.0", False),
    ("g2", "0.98.0", False),
    ("g3", "0.101.0", False),
    ("g3", "0.115.0", False),
    ("g3", "0.125.0", False),
    ("g3", "0.145.0", False),
    ("g3", "0.145.0", True),
    ("g4", "0.150.0", False),
    ("g4", "0.155.0", False),
    ("g4", "0.169.0", False),
    ("g4", "0.169.0", True),
)
Built = tuple[StoredHome, list[Rollout], str]


@pytest.fixture(
    scope="module",
    params=RELEASES,
    ids=lambda release: f"{release[1]}{'-codemode' if release[2] else ''}",
)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """All scripted sessions of one release in one home, read in one go."""
    generation, version, code_mode = request.param
    home = Home(tmp_path_factory.mktemp("home"))
    sessions: list[Rollout] = []
    for scenario in ALL.values():
        made = scenario(home, generation, version, code_mode=code_mode)
        sessions += made if isinstance(made, list) else [made]
    for session in sessions:
        session.write()
    database = tmp_path_factory.mktemp("database") / "tailboard.duckdb"
    return StoredHome(home.path, database), sessions, generation


def each(built: Built) -> list[tuple[StoredHome, str, Expected]]:
    stored, sessions, _ = built
    return [(stored, session.thread.id, session.expected) for session in sessions]


def state_told(turn: what.Turn, generation: str) -> str:
    """The state of a turn that its file records."""
    if turn.dropped:
        return "reverted" if generation == "g4" else "rolled_back"
    if turn.marked or (turn.state is what.State.COMPLETED and turn.answer is not None):
        return turn.state
    return "open"


def test_prompts_and_answers_are_there_once(built: Built) -> None:
    for stored, session, expected in each(built):
        options = stored.messages_of(session)
        assert [text for role, text in options if role == "user"] == expected.prompts
        assert [text for role, text in options if role == "assistant"] == [
            mask(text) for turn in expected.turns for text in turn.says
        ]


def test_turns_have_the_state_that_their_files_record(built: Built) -> None:
    generation = built[2]
    for stored, session, expected in each(built):
        turns = expected.turns
        if generation in ("g1", "g2"):
            # Without turn events a requested compaction is no turn: it has no messages.
            turns = [turn for turn in turns if turn.prompts]
        assert stored.states(session) == [state_told(turn, generation) for turn in turns]
        errors = [error for (error,) in stored.of("turns", session, "error")]
        assert errors == [turn.error for turn in turns]


def test_every_turn_cost_what_its_answers_cost(built: Built) -> None:
    for stored, session, expected in each(built):
        spent = expected.tokens
        counted = (spent.input, spent.cached, spent.output, spent.reasoning, spent.total)
        if not expected.turns[-1].marked and stored.rows("turns", session, state="open"):
            # A count that follows the outputs is missing if the process was killed before.
            assert stored.tokens(session)[-1] <= spent.total
        else:
            assert stored.tokens(session) == counted


def test_plans_are_stored_revision_by_revision(built: Built) -> None:
    for stored, session, expected in each(built):
        plans = [(why, tuple(steps)) for _, why, steps in stored.plans(session)]
        assert plans == [(plan.explanation, plan.steps) for plan in expected.plan]
        (row,) = stored.rows("sessions", session)
        steps = expected.plan[-1].steps if expected.plan else ()
        done = sum(status == "completed" for _, status in steps)
        assert (row["plan_done"], row["plan_total"]) == (done, len(steps))


def test_commands_end_with_their_exit_codes(built: Built) -> None:
    stored, sessions, _ = built
    for rollout in sessions:
        expected, session = rollout.expected, rollout.thread.id
        commands = stored.rows("calls", session, kind="command")
        ended = [
            (command.command, command.exit_code)
            for command in expected.commands
            if command.exit_code is not None
        ]
        codes = {"completed", "failed"}
        assert [
            (row["command"], row["exit_code"]) for row in commands if row["status"] in codes
        ] == ended
        interrupted = [
            command for command in expected.commands if command.state is what.State.INTERRUPTED
        ]
        aborted = [row["command"] for row in commands if row["status"] == "aborted"]
        # A script is aborted beside the command that it ran: only an item records that.
        assert aborted == [command.command for command in interrupted]


def test_patches_touch_their_files_once(built: Built) -> None:
    for stored, session, expected in each(built):
        touched = sorted((touch.path, touch.change) for touch in expected.files)
        found = stored.of("files", session, "path", "change")
        below = f"{expected.cwd}/"
        assert sorted((below + path.removeprefix(below), change) for path, change in found) == (
            touched
        )
        failed = stored.rows("calls", session, kind="patch", status="failed")
        code_mode = any(row["kind"] == "script" for row in stored.rows("calls", session))
        assert len(failed) == (0 if code_mode else expected.failed_patches)


def test_goals_have_their_last_state(built: Built) -> None:
    for stored, session, expected in each(built):
        left: dict[str, str] = {}
        for objective, status in stored.of("goals", session, "objective", "status"):
            left[objective] = status
        assert left == {goal.objective: goal.status for goal in expected.goals}


def test_agents_are_linked_to_the_session_that_started_them(built: Built) -> None:
    for stored, session, expected in each(built):
        started = [
            (row["child"], row["task"])
            for row in stored.rows("agents", session)
            if row["event"] in ("spawned", "started")
        ]
        assert started == [(agent.thread_id, agent.task) for agent in expected.agents]
        for agent in expected.agents:
            (child,) = stored.rows("sessions", agent.thread_id)
            assert (child["parent_id"], child["root_id"]) == (session, session)


def test_compactions_and_thoughts_are_counted(built: Built) -> None:
    for stored, session, expected in each(built):
        assert len(stored.rows("events", session, kind="compaction")) == expected.compactions


def test_nothing_is_unknown_and_nothing_rejected(built: Built) -> None:
    stored, _, _ = built
    assert stored.rows("rejects") == []
    assert {row["unknown_lines"] for row in stored.rows("sessions")} == {0}
    for source in stored.rows("sources", kind="rollout"):
        assert source["lines"] == source["stored"] + source["rejected"] + source["blank"]


# Families of sessions.

Cut = Callable[[Rollout], Rollout]


def family(
    tmp_path: Path, generation: str, version: str, cut: Cut, **options: bool
) -> tuple[StoredHome, Rollout, Rollout]:
    home = Home(tmp_path / "home")
    session = home.session(generation, version, **options)
    for number in range(3):
        session.prompt(f"question {number}")
        session.end_turn(f"answer {number}")
    home.clock.advance(1)
    child = cut(session)
    session.write()
    child.write()
    return StoredHome(home.path, tmp_path / "tailboard.duckdb"), session, child


def forked(session: Rollout) -> Rollout:
    child = session.fork()
    child.clock.advance(1)
    child.prompt("in the fork")
    child.end_turn("answer in the fork")
    return child


@pytest.mark.parametrize(
    ("generation", "version"),
    [("g2", "0.98.0"), ("g3", "0.125.0"), ("g3", "0.145.0"), ("g4", "0.155.0"), ("g4", "0.169.0")],
)
def test_a_fork_counts_only_its_own(tmp_path: Path, generation: str, version: str) -> None:
    stored, session, fork = family(tmp_path, generation, version, forked)
    own = fork.expected
    assert stored.messages_of(fork.thread.id) == [
        ("user", "in the fork"),
        ("assistant", "answer in the fork"),
    ]
    assert stored.tokens(fork.thread.id)[-1] == own.tokens.total
    assert stored.tokens(session.thread.id)[-1] == session.expected.tokens.total
    (row,) = stored.rows("sessions", fork.thread.id)
    assert row["forked_from"] == session.thread.id


def test_a_fork_by_pointer_that_was_only_interrupted_cost_nothing(tmp_path: Path) -> None:
    def interrupted(session: Rollout) -> Rollout:
        child = session.fork()
        child.prompt("never answered")
        child.abort_turn(1.0)
        return child

    stored, _, fork = family(tmp_path, "g4", "0.150.0", interrupted)
    assert stored.tokens(fork.thread.id)[-1] == 0
    assert stored.states(fork.thread.id) == ["interrupted"]


def reverted(session: Rollout) -> Rollout:
    segment = session.revert(1)
    segment.prompt("another question")
    segment.end_turn("another answer")
    return segment


@pytest.mark.parametrize("version", ["0.155.0", "0.160.0", "0.169.0"])
def test_a_revert_keeps_what_was_before_it(tmp_path: Path, version: str) -> None:
    stored, session, segment = family(tmp_path, "g4", version, reverted)
    (row,) = stored.rows("sessions")
    assert (row["segments"], row["turns"], row["turn_state"]) == (2, 2, "completed")
    assert sorted(stored.states(session.thread.id)) == [
        "completed",
        "completed",
        "reverted",
        "reverted",
    ]
    spent = session.expected.tokens + segment.expected.tokens
    assert stored.tokens(session.thread.id)[-1] == spent.total


def test_a_reverted_plan_does_not_count(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    session = home.session("g4", "0.169.0")
    session.prompt("Plan it")
    session.plan([("One", "completed"), ("Two", "pending")])
    session.end_turn("Planned.")
    session.prompt("Plan more")
    session.plan([("One", "completed"), ("Two", "completed"), ("Three", "pending")])
    session.end_turn("Planned more.")
    segment = session.revert(1)
    session.write()
    segment.write()
    stored = StoredHome(home.path, tmp_path / "tailboard.duckdb")
    (row,) = stored.rows("sessions")
    assert (row["plan_done"], row["plan_total"]) == (1, 2)
    # The new segment has no turn yet: the session has the state of its last turn before the cut.
    assert (row["turn_state"], row["turns"]) == ("completed", 1)


@pytest.mark.parametrize(
    ("generation", "version"),
    [("g2", "0.98.0"), ("g3", "0.115.0"), ("g3", "0.145.0"), ("g4", "0.155.0"), ("g4", "0.169.0")],
)
def test_a_review_costs_its_own_session(tmp_path: Path, generation: str, version: str) -> None:
    stored, session, child = family(tmp_path, generation, version, lambda one: one.review())
    assert stored.tokens(child.thread.id)[-1] == child.expected.tokens.total
    assert stored.tokens(session.thread.id)[-1] == session.expected.tokens.total
    assert stored.states(session.thread.id) == ["completed"] * 4
    (turn,) = stored.rows("turns", session.thread.id, trigger="review")
    events = stored.of("events", session.thread.id, "kind", "text", "turn")
    assert events == [
        ("review", "current changes", turn["n"]),
        ("review_end", "Looks right.", turn["n"]),
    ]
    prompts = [text for role, text in stored.messages_of(session.thread.id) if role == "user"]
    assert prompts == [f"question {number}" for number in range(3)]
