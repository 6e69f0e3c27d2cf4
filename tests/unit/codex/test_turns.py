"""The begin and end of turns, and which turn an end belongs to."""

import pytest

from ingest.codex.facts import Rollback
from tests.unit.codex.lines import call, done, event, fold, item, line, meta, output, turns

LEGACY = meta(history_mode="legacy")
PAGINATED = meta(history_mode="paginated")
REVIEW = event("entered_review_mode", turn_id="outer", target={"type": "uncommittedChanges"})


def started(turn: str) -> bytes:
    return event("task_started", turn_id=turn)


def completed(turn: str | None, reply: str | None = "Done.") -> bytes:
    return event("task_complete", turn_id=turn, last_agent_message=reply)


def prompt(text: str) -> bytes:
    return event("user_message", message=text)


def answer(text: str) -> bytes:
    return event("agent_message", message=text)


def user_item(text: str) -> bytes:
    return item("message", role="user", content=[{"type": "input_text", "text": text}])


def test_a_turn_is_open_until_its_end() -> None:
    assert turns(meta(), started("a")) == [("a", "open")]
    assert turns(meta(), started("a"), completed("a")) == [("a", "completed")]


def test_a_turn_without_an_end_is_lost_once_the_next_begins() -> None:
    assert turns(meta(), started("a"), started("b")) == [("a", "lost"), ("b", "open")]


def test_late_end_of_an_overtaken_turn_ends_that_turn() -> None:
    """Two programs write to one file: their turns overlap."""
    records = turns(meta(), started("a"), started("b"), completed("a"), completed("b"))
    assert records == [("a", "completed"), ("b", "completed")]


def test_the_end_of_an_unknown_turn_is_ignored() -> None:
    assert turns(meta(), started("a"), completed("x")) == [("a", "open")]


def test_an_end_without_an_id_ends_the_open_turn() -> None:
    records = turns(meta(), started("a"), event("turn_aborted", reason="interrupted"))
    assert records == [("a", "interrupted")]


def test_before_0_145_a_turn_without_answer_failed() -> None:
    assert turns(meta(), started("a"), completed("a", None)) == [("a", "failed")]


def test_since_0_145_only_a_recorded_error_fails_a_turn() -> None:
    assert turns(LEGACY, started("a"), completed("a", None)) == [("a", "completed")]
    error = {"message": "high demand", "codex_error_info": {"http": {"status": 500}}}
    failed = event("task_complete", turn_id="a", last_agent_message=None, error=error)
    (turn,) = fold(LEGACY, started("a"), failed).facts.turns
    assert (turn.state, turn.error) == ("failed", "high demand")
    assert turn.error_code == '{"http":{"status":500}}'


def test_error_event_sets_the_error_of_the_turn() -> None:
    records = event("error", message="usage limit reached", codex_error_info="usage_limit_exceeded")
    folded = fold(meta(), started("a"), answer("Hm."), records, completed("a", None))
    (turn,) = folded.facts.turns
    assert (turn.state, turn.error_code) == ("failed", "usage_limit_exceeded")
    assert [happening.kind for happening in folded.facts.events] == ["error"]


def test_compaction_turn_without_answer_did_not_fail() -> None:
    compacted = line("compacted", {"message": "Summary"})
    assert turns(meta(), started("a"), compacted, completed("a", None)) == [("a", "completed")]


def test_a_turn_that_ends_with_a_proposed_plan_did_not_fail() -> None:
    plan = done("a", "Plan", id="a-plan", text="# Plan\n1. Look")
    assert turns(meta(), started("a"), prompt("plan it"), plan, completed("a", None)) == [
        ("a", "completed")
    ]


def test_turn_that_ends_after_a_call_without_answer_failed() -> None:
    records = (prompt("one"), answer("I will look."), call("shell", "c", command=["ls"]))
    ended = (output("c", "Exit code: 0\nOutput:\n"), completed("a", None))
    assert turns(meta(), started("a"), *records, *ended) == [("a", "failed")]


def test_turn_of_a_user_command_without_answer_did_not_fail() -> None:
    ran = user_item("<user_shell_command>\n<command>\nls\n</command>\n</user_shell_command>")
    assert turns(meta(), started("a"), ran, completed("a", None)) == [("a", "completed")]
    asked = (started("a"), prompt("one"), ran, completed("a", None))
    assert turns(meta(), *asked) == [("a", "failed")]


@pytest.mark.parametrize(
    ("version", "state"),
    [
        ("0.144.0-alpha.4", "failed"),
        ("0.144.5", "failed"),
        ("0.145.0-alpha.18", "completed"),
        ("0.150.0", "completed"),
        ("1.2.0", "completed"),
        ("0.0.0", "completed"),
        ("unknown", "completed"),
    ],
)
def test_release_decides_whether_missing_answers_are_failures(version: str, state: str) -> None:
    first = meta(history_mode="legacy", cli_version=version)
    assert turns(first, started("a"), prompt("one"), completed("a", None)) == [("a", state)]


def test_after_one_recorded_failure_missing_answers_are_no_failures() -> None:
    """A newer Codex continued the file."""
    first = meta(history_mode="legacy", cli_version="0.144.5")
    error = {"message": "high demand", "codex_error_info": "other"}
    failed = event("task_complete", turn_id="a", last_agent_message=None, error=error)
    records = (
        started("a"),
        prompt("one"),
        failed,
        started("b"),
        prompt("two"),
        completed("b", None),
    )
    assert turns(first, *records) == [("a", "failed"), ("b", "completed")]


def test_compaction_only_turn_has_the_compact_trigger() -> None:
    compacted = line("compacted", {"message": "Summary"})
    asked = fold(meta(), started("a"), compacted, completed("a", None)).facts.turns
    working = fold(meta(), started("a"), prompt("Go on"), compacted, completed("a", None))
    assert [turn.trigger for turn in [*asked, *working.facts.turns]] == ["compact", None]


def test_question_asked_during_the_turn_is_no_answer() -> None:
    asked = done(
        "a",
        "AgentMessage",
        content=[{"type": "Text", "text": "Which colour?"}],
        phase="final_answer",
        delivery="async",
        questions=[{"title": "Which colour?"}],
    )
    reply = done("a", "AgentMessage", content=[{"type": "Text", "text": "Done."}])
    event_ = event("agent_message", message="Which?", phase="final_answer", questions=[{}])
    messages = fold(PAGINATED, started("a"), asked, reply, event_).facts.messages
    assert [message.phase for message in messages] == ["question", None, "question"]


def test_without_turn_events_a_prompt_begins_a_turn_and_an_answer_ends_it() -> None:
    records = (prompt("one"), answer("Done."), prompt("two"), call("shell", "c", command=["ls"]))
    assert turns(meta(), *records) == [(None, "completed"), (None, "open")]


def test_tool_call_after_an_answer_reopens_the_turn() -> None:
    records = (prompt("one"), answer("Wait."), call("shell", "c", command=["ls"]))
    assert turns(meta(), *records) == [(None, "open")]
    assert turns(meta(), *records, output("c", "x"), answer("Done.")) == [(None, "completed")]


def test_items_of_the_answer_after_its_event_do_not_reopen_the_turn() -> None:
    """0.34 to 0.97 write the items of a response after its events."""
    reasoning = item("reasoning", summary=[])
    reply = item("message", role="assistant", content=[{"type": "output_text", "text": "Done."}])
    assert turns(meta(), prompt("one"), answer("Done."), reasoning, reply) == [(None, "completed")]
    records = (prompt("one"), answer("Done."), reasoning, reasoning, reply, prompt("two"))
    assert turns(meta(), *records) == [(None, "completed"), (None, "open")]


def test_steering_does_not_begin_another_turn() -> None:
    folded = fold(meta(), started("a"), prompt("one"), prompt("no, two"), completed("a"))
    assert [turn.n for turn in folded.facts.turns] == [1]
    assert [message.turn for message in folded.facts.messages] == [1, 1]


def test_a_rollback_counts_the_turns_of_the_user() -> None:
    records: list[bytes] = []
    for turn in "abc":
        records += [started(turn), prompt(turn), answer("Done."), completed(turn)]
    compaction = (started("d"), line("compacted", {"message": ""}), completed("d", None))
    rolled = event("thread_rolled_back", num_turns=2)
    (rollback,) = fold(meta(), *records, *compaction, rolled).facts.rollbacks
    assert rollback.from_n == 2
    again = fold(meta(), *records, *compaction, rolled, event("thread_rolled_back", num_turns=9))
    assert [one.from_n for one in again.facts.rollbacks] == [2, 1]


def test_rollback_drops_an_interrupted_turn_without_a_prompt() -> None:
    records = (started("a"), prompt("one"), answer("Done."), completed("a"))
    aborted = (started("b"), event("turn_aborted", turn_id="b", reason="interrupted"))
    rolled = event("thread_rolled_back", num_turns=1)
    (rollback,) = fold(meta(), *records, *aborted, rolled).facts.rollbacks
    assert rollback.from_n == 2
    again = fold(meta(), *records, *aborted, rolled, rolled)
    assert [one.from_n for one in again.facts.rollbacks] == [2, 1]


def test_a_rollback_counts_an_interrupted_turn_once() -> None:
    records = (started("a"), prompt("one"), answer("Done."), completed("a"))
    aborted = event("turn_aborted", turn_id="b", reason="interrupted")
    rolled = event("thread_rolled_back", num_turns=2)
    (rollback,) = fold(meta(), *records, started("b"), prompt("x"), aborted, rolled).facts.rollbacks
    assert rollback.from_n == 1


def test_a_rollback_of_nothing_drops_nothing() -> None:
    folded = fold(meta(), started("a"), prompt("one"), event("thread_rolled_back", num_turns=0))
    assert [one.from_n for one in folded.facts.rollbacks] == [2]
    assert isinstance(folded.facts.rollbacks[0], Rollback)


def test_a_review_is_a_turn_of_its_own() -> None:
    records = (started("a"), completed("a"), REVIEW, started("inner"), prompt("Review it"))
    folded = fold(
        LEGACY, *records, event("exited_review_mode"), answer("Fine."), completed("outer")
    )
    assert [(turn.turn_id, turn.trigger, turn.state) for turn in folded.facts.turns] == [
        ("a", None, "completed"),
        ("outer", "review", "completed"),
    ]
    assert [message.text for message in folded.facts.messages] == ["Fine."]
    assert [happening.turn for happening in folded.facts.events] == [2, 2]


def test_a_review_whose_turn_has_begun_is_that_turn() -> None:
    folded = fold(LEGACY, started("outer"), REVIEW, started("inner"), completed("outer"))
    assert [(turn.turn_id, turn.trigger) for turn in folded.facts.turns] == [("outer", "review")]


def test_turn_after_a_killed_review_is_kept() -> None:
    records = (REVIEW, started("inner"), prompt("Review it"), started("b"), prompt("go on"))
    folded = fold(LEGACY, *records, answer("On it."), completed("b"))
    assert [(turn.turn_id, turn.state) for turn in folded.facts.turns] == [
        ("outer", "lost"),
        ("b", "completed"),
    ]
    assert [message.text for message in folded.facts.messages] == ["go on", "On it."]


def test_without_turn_events_a_user_item_ends_a_killed_review() -> None:
    records = (
        event("entered_review_mode"),
        prompt("Review it"),
        user_item("go on"),
        prompt("go on"),
    )
    folded = fold(meta(), *records, answer("On it."))
    assert [message.text for message in folded.facts.messages] == ["go on", "On it."]


def test_item_of_another_thread_is_ignored() -> None:
    echo = done("x", "UserMessage", thread="reviewer", content=[{"type": "text", "text": "no"}])
    assert fold(PAGINATED, started("a"), echo).facts.messages == []


def test_turn_requested_by_an_agent_has_the_agent_trigger() -> None:
    attribution = {"turn_trigger": "exec", "initiating_agent_path": "/root"}
    records = event("task_started", turn_id="a", turn_attribution=attribution)
    (turn,) = fold(PAGINATED, records).facts.turns
    assert turn.trigger == "agent"


def test_generation_is_derived_from_the_content() -> None:
    def generation(*lines: bytes) -> str | None:
        return fold(*lines).facts.segments[0].generation

    assert generation(b'{"id":"a","timestamp":"x"}', b'{"record_type":"state"}') == "G1"
    assert generation(meta(), prompt("one")) == "G2"
    assert generation(meta(), started("a")) == "G3"
    assert generation(LEGACY) == "G3"
    assert generation(PAGINATED, started("a")) == "G4"


def test_settings_between_turns_apply_to_the_next_turn() -> None:
    settings = {"model": "gpt-6", "reasoning_effort": "high", "approval_policy": "never"}
    records = event("thread_settings_applied", thread_settings=settings)
    folded = fold(PAGINATED, started("a"), completed("a"), records, started("b"))
    assert [(turn.model, turn.effort) for turn in folded.facts.turns] == [
        (None, None),
        ("gpt-6", "high"),
    ]
    assert folded.facts.segments[0].approval == "never"


def test_negative_turn_duration_is_stored_as_unknown() -> None:
    def seconds(milliseconds: object) -> float | None:
        end = event("task_complete", turn_id="a", duration_ms=milliseconds)
        (turn,) = fold(meta(), started("a"), end).facts.turns
        return turn.seconds

    assert [seconds(one) for one in (1500, 0, -1500, 10**400, "1500", None)] == [
        1.5, 0.0, None, None, None, None,
    ]  # fmt: skip
