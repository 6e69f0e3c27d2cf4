"""The scripted sessions of seven real releases, compared with what happened in them.

The expected values were read from the files by hand; token totals were added up from the answers:
the n-th answer of a session costs 1600 + 400 n tokens in and 90 out, unless stated otherwise.
"""

from collections.abc import Callable

import pytest

from tests.build.scenarios import (
    CHAT_KEPT,
    CHAT_PROMPT,
    FAIL,
    PASS,
    PLAN_ANSWER,
    PLAN_PROMPT,
    READ,
    STEPS,
)
from tests.build.scenarios import steps as steps_done
from tests.integration.facts.expectations import StoredHome

Corpus = Callable[[str], StoredHome]

RELEASES = ("0.63.0", "0.101.0", "0.150.0", "0.169.0")
"""The releases that ran all scenarios with tools called one by one."""
CODE_MODE = "0.169.0-codemode"
PLANNING = (*RELEASES, CODE_MODE)
REASONS = ("Start with the test", "The test is clear", "Now verify", "Green", "All done")
NOTES = ("notes/parser.md", "notes/unicode.md", "notes/changelog.md")
COMPACT = "Fill the context and compact"
HIGH_DEMAND = "currently experiencing high demand, which may cause temporary errors."
PLAN_TOKENS = (45_600, 22_800, 1_080, 360, 46_680)


def sole(stored: StoredHome, title: str) -> str:
    return str(stored.session(title)["id"])


@pytest.mark.parametrize("title", [PLAN_PROMPT, COMPACT])
@pytest.mark.parametrize("folder", PLANNING)
def test_the_plan_moves_from_its_first_step_to_its_last(
    corpus: Corpus, folder: str, title: str
) -> None:
    stored = corpus(folder)
    session = stored.session(title)
    plans = stored.plans(session["id"])
    assert plans == [(True, why, steps_done(done)) for done, why in enumerate(REASONS)]
    assert (session["plan_revision"], session["plan_done"], session["plan_total"]) == (5, 4, 4)
    origin = "script" if folder == CODE_MODE else "tool"
    assert {row["origin"] for row in stored.rows("plan_steps", session["id"])} == {origin}


@pytest.mark.parametrize("folder", PLANNING)
def test_the_commands_of_the_plan_ran_with_these_exit_codes(corpus: Corpus, folder: str) -> None:
    stored = corpus(folder)
    commands = stored.of(
        "calls", sole(stored, PLAN_PROMPT), "command", "status", "exit_code", kind="command"
    )
    assert commands == [(READ, "completed", 0), (FAIL, "failed", 1), (PASS, "completed", 0)]
    session = stored.session(PLAN_PROMPT)
    assert (session["commands"], session["failed_commands"]) == (3, 1)


@pytest.mark.parametrize("folder", ["0.20.0", *PLANNING])
def test_three_patches_each_added_a_note(corpus: Corpus, folder: str) -> None:
    stored = corpus(folder)
    session = sole(stored, PLAN_PROMPT)
    paginated = folder.startswith(("0.150", "0.169"))
    below = "/home/dev/sample/" if paginated else ""
    assert stored.of("files", session, "path", "change", "moved_to", "status") == [
        (below + note, "add", None, "completed") for note in NOTES
    ]
    assert stored.of("calls", session, "status", kind="patch") == [("completed",)] * 3


@pytest.mark.parametrize("folder", ["0.20.0", *PLANNING])
def test_prompt_and_answer_are_there_once(corpus: Corpus, folder: str) -> None:
    stored = corpus(folder)
    text = [("user", PLAN_PROMPT), ("assistant", PLAN_ANSWER)]
    assert stored.messages_of(sole(stored, PLAN_PROMPT)) == text
    assert stored.states(sole(stored, PLAN_PROMPT)) == ["completed"]


@pytest.mark.parametrize("folder", ["0.20.0", *RELEASES])
def test_markup_and_control_characters_of_an_answer_are_kept_as_they_were(
    corpus: Corpus, folder: str
) -> None:
    stored = corpus(folder)
    assert stored.messages_of(sole(stored, CHAT_PROMPT)) == [
        ("user", CHAT_PROMPT),
        ("assistant", CHAT_KEPT),
    ]


@pytest.mark.parametrize("folder", RELEASES)
def test_a_partial_plan_stays_partial(corpus: Corpus, folder: str) -> None:
    stored = corpus(folder)
    session = stored.session("Start the parser refactoring")
    assert stored.plans(session["id"]) == [(True, "Stopped half way", steps_done(1))]
    assert (session["plan_done"], session["plan_total"]) == (1, 4)
    assert stored.of("calls", session["id"], "command", "exit_code") == [("echo half", 0)]


@pytest.mark.parametrize("folder", PLANNING)
def test_every_token_is_counted_once(corpus: Corpus, folder: str) -> None:
    stored = corpus(folder)
    assert stored.tokens(sole(stored, PLAN_PROMPT)) == PLAN_TOKENS
    assert len(stored.rows("usage", sole(stored, PLAN_PROMPT))) == 12
    # Five compactions called the model too: 17 answers of 9,000, 18,000 or 27,000 tokens.
    assert stored.tokens(sole(stored, COMPACT)) == (297_000, 148_500, 1_530, 510, 298_530)


@pytest.mark.parametrize("folder", RELEASES)
def test_short_sessions_cost_what_their_few_answers_cost(corpus: Corpus, folder: str) -> None:
    stored = corpus(folder)
    assert stored.tokens(sole(stored, "Start the parser refactoring"))[-1] == 1690 + 2090 + 2490
    assert stored.tokens(sole(stored, CHAT_PROMPT))[-1] == 1690
    assert stored.tokens(sole(stored, "Run something long"))[-1] == 1690 + 2090
    # 0.150 writes a count only after the outputs, and a killed answer has none.
    killed = 1690 if folder == "0.150.0" else 1690 + 2090
    assert stored.tokens(sole(stored, "Run something long and die"))[-1] == killed
    assert stored.tokens(sole(stored, "Meet a server error"))[-1] == 0


@pytest.mark.parametrize("folder", PLANNING)
def test_a_compaction_is_an_event_and_no_answer(corpus: Corpus, folder: str) -> None:
    stored = corpus(folder)
    session = sole(stored, COMPACT)
    assert stored.of("events", session, "kind", "turn") == [("compaction", 1)] * 5
    assert stored.messages_of(session) == [("user", COMPACT), ("assistant", PLAN_ANSWER)]
    assert stored.states(session) == ["completed"]


@pytest.mark.parametrize(
    ("folder", "state", "calls"),
    [
        # Up to 0.63 an interruption looks the same as a kill.
        ("0.20.0", "open", [("command", "echo 'plan: Long command'", "completed", 0)]),
        ("0.63.0", "open", [("command", "sleep 45", "running", None)]),
        ("0.101.0", "interrupted", [("command", "sleep 45", "aborted", None)]),
        # Paginated files record the end of the command after that of the turn: it was killed.
        ("0.150.0", "interrupted", [("command", "sleep 45", "aborted", 137)]),
        ("0.169.0", "interrupted", [("command", "sleep 45", "aborted", 137)]),
    ],
)
def test_an_interrupted_turn_aborts_its_command(
    corpus: Corpus, folder: str, state: str, calls: list[tuple[object, ...]]
) -> None:
    stored = corpus(folder)
    session = sole(stored, "Run something long")
    assert stored.states(session) == [state]
    assert stored.of("calls", session, "kind", "command", "status", "exit_code") == calls


def test_an_interruption_aborts_the_script_and_the_command_that_it_ran(corpus: Corpus) -> None:
    stored = corpus(CODE_MODE)
    session = sole(stored, "Run something long")
    assert stored.states(session) == ["interrupted"]
    assert stored.of("calls", session, "kind", "status", "exit_code") == [
        ("script", "completed", None),
        ("script", "aborted", None),
        ("command", "aborted", -1),
    ]


@pytest.mark.parametrize("folder", ["0.20.0", *RELEASES])
def test_a_killed_session_ends_in_an_open_turn(corpus: Corpus, folder: str) -> None:
    stored = corpus(folder)
    session = stored.session("Run something long and die")
    assert stored.states(session["id"]) == ["open"]
    assert session["turn_state"] == "open"
    # Up to 0.63 a call was written only with its output.
    running = 0 if folder in ("0.20.0", "0.63.0") else 1
    sleeping = stored.of("calls", session["id"], "status", command="sleep 45")
    assert sleeping == [("running",)] * running
    assert session["open_calls"] == running


@pytest.mark.parametrize(
    ("folder", "state", "code", "reason"),
    [
        ("0.63.0", "open", None, None),
        ("0.101.0", "failed", None, "no answer"),
        ("0.150.0", "failed", "internal_server_error", "error"),
        ("0.169.0", "failed", "internal_server_error", "error"),
    ],
)
def test_a_server_error_fails_the_turn_if_the_release_records_it(
    corpus: Corpus, folder: str, state: str, code: str | None, reason: str | None
) -> None:
    stored = corpus(folder)
    (turn,) = stored.rows("turns", sole(stored, "Meet a server error"))
    assert (turn["state"], turn["error_code"], turn["end_reason"]) == (state, code, reason)
    assert (turn["error"] or "").endswith(HIGH_DEMAND if code else "")
    assert stored.messages_of(turn["session"]) == [("user", "Meet a server error")]


@pytest.mark.parametrize("folder", ["0.150.0", "0.169.0"])
def test_a_goal_set_by_the_model_comes_from_the_result_of_its_tool(
    corpus: Corpus, folder: str
) -> None:
    stored = corpus(folder)
    session = sole(stored, "Work toward a goal")
    assert stored.of("goals", session, "objective", "status", "tokens_used", "turn") == [
        ("Ship the parser fix", "active", 0, 1),
        ("Ship the parser fix", "complete", 2380, 1),
    ]
    assert stored.of("calls", session, "kind", "tool") == [
        ("goal", "create_goal"),
        ("command", "exec_command"),
        ("goal", "update_goal"),
    ]
    assert stored.tokens(session) == (8_800, 4_400, 360, 120, 9_160)


def test_agents_without_copied_history_are_linked_both_ways(corpus: Corpus) -> None:
    stored = corpus("0.101.0")
    parent = stored.session("Survey tests and docs with two helpers")
    tests = stored.session("Survey the tests and report")
    docs = stored.session("Survey the docs and report")
    assert stored.of("agents", parent["id"], "event", "child", "task") == [
        ("spawned", tests["id"], "Survey the tests and report"),
        ("spawned", docs["id"], "Survey the docs and report"),
    ]
    for child in (tests, docs):
        assert (child["parent_id"], child["root_id"]) == (parent["id"], parent["id"])
        assert stored.messages_of(child["id"])[-1] == ("assistant", "Child report: all fine.")
        assert stored.states(child["id"]) == ["completed"]
        assert stored.of("calls", child["id"], "command", "exit_code") == [
            ("echo child at work", 0)
        ]
    # The answers of all three took turns, so the parent's are the 1st, 2nd, 3rd, 5th, 9th, 10th.
    assert stored.tokens(parent["id"]) == (19_200, 9_600, 540, 180, 19_740)
    assert stored.tokens(tests["id"])[-1] + stored.tokens(docs["id"])[-1] == (
        2_800 + 4_000 + 3_600 + 4_400 + 4 * 90
    )


def test_a_plan_in_a_session_with_agents_is_the_parent_s_alone(corpus: Corpus) -> None:
    stored = corpus("0.101.0")
    parent = stored.session("Survey tests and docs with two helpers")
    assert [(why, steps[0]) for _, why, steps in stored.plans(parent["id"])] == [
        ("Split the work", (STEPS[0], "in_progress")),
        ("Merged", (STEPS[0], "completed")),
    ]
    for child in ("Survey the tests and report", "Survey the docs and report"):
        assert stored.plans(sole(stored, child)) == []


@pytest.mark.parametrize(
    ("folder", "generation", "sessions"),
    [
        ("0.20.0", "G1", 6),
        ("0.63.0", "G2", 9),
        ("0.101.0", "G3", 11),
        ("0.150.0", "G4", 9),
        ("0.169.0", "G4", 9),
        (CODE_MODE, "G4", 7),
    ],
)
def test_every_line_of_every_session_is_read_and_known(
    corpus: Corpus, folder: str, generation: str, sessions: int
) -> None:
    stored = corpus(folder)
    found = stored.rows("sessions")
    assert [session["generation"] for session in found] == [generation] * sessions
    assert sum(session["unknown_lines"] for session in found) == 0
    assert stored.rows("rejects") == []
    assert all(source["lines"] == source["stored"] for source in stored.rows("sources"))


def test_bare_files_contain_a_plan_only_in_the_commands_that_print_it(corpus: Corpus) -> None:
    stored = corpus("0.20.0")
    commands = stored.of("calls", sole(stored, PLAN_PROMPT), "command", "exit_code", kind="command")
    assert commands == [
        ("echo 'plan: Start with the test'", 0),
        (READ, 0),
        ("echo 'plan: The test is clear'", 0),
        ("echo 'plan: Now verify'", 0),
        (FAIL, 1),
        (PASS, 0),
        ("echo 'plan: Green'", 0),
        ("echo 'plan: All done'", 0),
    ]
    assert stored.rows("plan_steps") == []
    assert stored.rows("usage") == []
