"""Forks, agents, reviews, reverts and resumed sessions of real releases, compared with what
happened.

The n-th answer of these sessions costs 1000 + 100 n tokens in (500 of them cached) and 40 out,
over all sessions of a home together.
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.facts.expectations import StoredHome

Corpus = Callable[[str], StoredHome]

FIRST = "01a1fd2f-6602-7a62-8554-615a9aa56256"
"""The thread that was reverted."""
REVIEW = (
    "Review the current code changes (staged, unstaged, and untracked files) "
    "and provide prioritized findings."
)


def answer(number: int) -> tuple[int, ...]:
    """The cost of the n-th answer of a home."""
    return (1_000 + 100 * number, 500, 40, 10, 1_040 + 100 * number)


def answers(*numbers: int) -> tuple[int, ...]:
    return tuple(map(sum, zip(*map(answer, numbers), strict=True)))


def whole(stored: StoredHome, prompt: str) -> dict[str, Any]:
    """The session with this own first prompt."""
    (session,) = {row["session"] for row in stored.rows("messages", role="user", text=prompt)}
    (row,) = stored.rows("sessions", session)
    return row


# Forks, rollbacks, reviews.

FORKS = ("0.98.0-fork-rename", "0.145.0-fork-rename")


@pytest.mark.parametrize("folder", FORKS)
def test_copied_history_counts_for_the_parent_alone(corpus: Corpus, folder: str) -> None:
    stored = corpus(folder)
    parent, fork = whole(stored, "message 0"), whole(stored, "fork message")
    assert fork["forked_from"] == parent["id"]
    assert stored.messages_of(fork["id"]) == [("user", "fork message"), ("assistant", "fork reply")]
    assert stored.states(fork["id"]) == ["completed"]
    assert fork["replayed_bytes"] > 12_000
    assert stored.tokens(parent["id"]) == answers(1, 2, 3, 4, 5)
    assert stored.tokens(fork["id"]) == answer(6)
    assert stored.rows("events", fork["id"]) == []


@pytest.mark.parametrize(
    ("folder", "states"),
    [
        # Before turn events, a requested compaction is no turn.
        (FORKS[0], ["completed", "completed", "rolled_back", "completed", "interrupted"]),
        (FORKS[1], ["completed", "completed", "rolled_back", "completed", "completed"]),
    ],
)
def test_a_rollback_drops_the_turn_before_it(
    corpus: Corpus, folder: str, states: list[str]
) -> None:
    stored = corpus(folder)
    parent = whole(stored, "message 0")
    assert stored.states(parent["id"])[:5] == states
    live = [state for state in stored.states(parent["id"]) if state != "rolled_back"]
    assert parent["turns"] == len(live)
    rolled = stored.rows("turns", parent["id"], state="rolled_back")[0]
    reply = stored.of("messages", parent["id"], "text", turn=rolled["n"])
    assert reply == [("message 2",), ("reply 2",)]


@pytest.mark.parametrize("folder", FORKS)
def test_a_review_is_one_turn_and_its_repetition_is_not_stored(corpus: Corpus, folder: str) -> None:
    stored = corpus(folder)
    parent, child = whole(stored, "message 0"), whole(stored, REVIEW)
    review = stored.rows("turns", parent["id"])[-1]
    assert (review["trigger"], review["state"]) == ("review", "completed")
    assert stored.of("events", parent["id"], "kind", "text", "turn")[-2:] == [
        ("review", "current changes", review["n"]),
        ("review_end", "e", review["n"]),
    ]
    assert stored.messages_of(parent["id"])[-1] == ("assistant", "e")
    assert ("user", REVIEW) not in stored.messages_of(parent["id"])
    assert stored.states(child["id"]) == ["completed"]
    assert child["origin"] == "review"
    assert stored.tokens(child["id"]) == answer(8)
    # A reviewer names its parent only since 0.145.
    named = folder.startswith("0.145")
    assert child["parent_id"] == (parent["id"] if named else None)


@pytest.mark.parametrize("folder", FORKS)
def test_a_session_has_the_name_its_user_gave_it(corpus: Corpus, folder: str) -> None:
    stored = corpus(folder)
    assert whole(stored, "message 0")["title"] == "Named!"
    # A fork inherits the name by a line of its own, since 0.145.
    inherited = folder.startswith("0.145")
    assert whole(stored, "fork message")["title"] == ("Named!" if inherited else "fork message")


def test_a_branch_that_changed_later_is_the_branch_of_the_session(corpus: Corpus) -> None:
    stored = corpus("0.145.0-fork-rename")
    assert whole(stored, "message 0")["branch"] == "renamed-branch"
    assert whole(stored, "fork message")["branch"] == "feature/x"


def test_a_requested_compaction_is_a_turn_without_a_prompt(corpus: Corpus) -> None:
    stored = corpus("0.145.0-fork-rename")
    parent = whole(stored, "message 0")
    (event,) = stored.rows("events", parent["id"], kind="compaction")
    assert stored.of("turns", parent["id"], "state", "error", n=event["turn"]) == [
        ("completed", None)
    ]
    assert stored.rows("messages", parent["id"], turn=event["turn"]) == []


# Agents.


def test_an_agent_with_the_whole_history_counts_its_own_answer_alone(corpus: Corpus) -> None:
    stored = corpus("0.115.0-agents-fork")
    parent, child = whole(stored, "opening message"), whole(stored, "CHILDTASK do a thing")
    assert (child["parent_id"], child["root_id"]) == (parent["id"], parent["id"])
    assert child["nickname"] == "Carver"
    links = stored.of("agents", parent["id"], "event", "child", "nickname", "task", "turn")
    assert links == [
        ("spawned", child["id"], "Carver", "CHILDTASK do a thing", 2),
        ("completed", child["id"], None, None, 2),
    ]
    assert stored.messages_of(child["id"]) == [
        ("user", "CHILDTASK do a thing"),
        ("assistant", "agent text B"),
    ]
    assert stored.states(child["id"]) == ["completed"]
    # The third answer had the price of the fourth.
    assert stored.tokens(child["id"]) == answer(4)
    assert stored.tokens(parent["id"]) == answers(1, 2, 4, 5)
    assert stored.states(parent["id"]) == ["completed", "completed"]


def test_an_agent_with_a_path_leaves_out_what_it_inherited(corpus: Corpus) -> None:
    stored = corpus("0.169.0-agents-fork")
    parent = whole(stored, "opening message")
    (child,) = stored.rows("sessions", parent_id=parent["id"])
    assert (child["agent_path"], child["title"]) == ("/root/childone", "childone")
    assert (child["root_id"], child["forked_from"]) == (parent["id"], parent["id"])
    assert stored.of("agents", parent["id"], "event", "child", "path", "task") == [
        ("started", child["id"], "/root/childone", "CHILDTASK do a thing"),
        ("completed", child["id"], "/root/childone", None),
    ]
    # The abort at the end of the copy never happened, and the copied prompts are the parent's.
    assert stored.of("turns", child["id"], "state", "trigger") == [("completed", "agent")]
    assert [role for role, _ in stored.messages_of(child["id"])] == ["agent", "assistant"]
    assert stored.tokens(child["id"]) == answer(4)
    assert stored.tokens(parent["id"]) == answers(1, 2, 4)


def test_agents_of_code_mode_end_as_their_own_files_say(corpus: Corpus) -> None:
    stored = corpus("0.169.0-codemode")
    parent = whole(stored, "Survey tests and docs with two helpers")
    links = stored.of("agents", parent["id"], "event", "path", "task")
    assert links == [
        ("started", "/root/w49", "Survey the tests and report"),
        ("started", "/root/w53", "Survey the docs and report"),
        ("completed", "/root/w53", None),
    ]
    children = {row["agent_path"]: row for row in stored.rows("sessions", parent_id=parent["id"])}
    assert {row["root_id"] for row in children.values()} == {parent["id"]}
    assert stored.states(children["/root/w49"]["id"]) == ["interrupted"]
    assert stored.states(children["/root/w53"]["id"]) == ["completed"]
    assert stored.of("calls", children["/root/w49"]["id"], "kind", "status") == [
        ("script", "aborted"),
        ("command", "aborted"),
    ]
    # The five shared one price list: 1600 + 400 n in, 90 out.
    assert stored.tokens(children["/root/w49"]["id"])[-1] == 2_800 + 90
    assert stored.tokens(children["/root/w53"]["id"])[-1] == 3_600 + 90
    assert stored.tokens(parent["id"])[-1] == 1_690 + 2_090 + 2_490 + 3_290 + 4_090


# Revert, goal turns, review of a paginated thread.


def test_a_revert_leaves_two_segments_and_a_dead_tail(corpus: Corpus) -> None:
    stored = corpus("0.169.0-revert")
    (session,) = stored.rows("sessions", FIRST)
    assert session["segments"] == 2
    by_segment = {row["segment"]: row["id"] for row in stored.rows("sources", thread=FIRST)}
    old, new = by_segment.pop(""), by_segment.popitem()[1]
    before = stored.of("turns", FIRST, "n", "state", source=old)
    assert before == [(1, "completed"), (2, "completed"), (3, "reverted")]
    after = stored.of("turns", FIRST, "state", source=new)
    assert after == [("completed",), ("interrupted",), *[("completed",)] * 21]
    assert session["turns"] == 2 + 23
    assert session["title"] == "message 0"
    # The tokens of the dropped turn were spent; the new segment continues from the total at the
    # cut.
    assert stored.tokens(FIRST) == answers(1, 2, 3, 4, *range(7, 27))


def test_goal_turns_have_no_prompt(corpus: Corpus) -> None:
    stored = corpus("0.169.0-revert")
    goal_turns = stored.of("turns", FIRST, "n", "state", trigger="goal")
    assert goal_turns == [(n, "completed") for n in range(4, 24)]
    prompts = [text for role, text in stored.messages_of(FIRST) if role == "user"]
    assert sorted(prompts) == sorted(
        ["message 0", "message 1", "message 2", "post revert message", "to be interrupted"]
    )
    assert stored.of("goals", FIRST, "objective", "status", "token_budget", "tokens_used") == [
        ("Ship the thing", "active", 100_000, 0),
        ("Ship the thing", "complete", 100_000, 40_660),
    ]


def test_a_review_of_a_paginated_thread_has_its_finding(corpus: Corpus) -> None:
    stored = corpus("0.169.0-revert")
    child = whole(stored, REVIEW)
    assert (child["parent_id"], child["root_id"]) == (FIRST, FIRST)
    assert stored.tokens(child["id"]) == answer(6)
    (turn,) = stored.rows("turns", FIRST, trigger="review")
    assert stored.of("events", FIRST, "kind", "turn") == [
        ("review", turn["n"]),
        ("review_end", turn["n"]),
    ]
    reply = stored.of("messages", FIRST, "role", "text", turn=turn["n"], source=turn["source"])
    assert reply == [("assistant", "e\n\nReview comment:\n\n- t — /x:1-2\n  b")]


# Killed, compressed and interactive sessions.


def test_a_killed_turn_is_lost_once_the_next_begins(corpus: Corpus) -> None:
    stored = corpus("0.169.0-killed")
    session = whole(stored, "kill me")
    assert stored.of("turns", session["id"], "state", "ended_at") == [
        ("lost", None),
        ("completed", stored.rows("turns")[1]["ended_at"]),
    ]
    assert stored.of("calls", session["id"], "command", "status") == [("sleep 30", "lost")]
    # The usage record of the lost answer is the only trace of its cost.
    assert stored.tokens(session["id"]) == answers(1, 2)
    assert session["turn_state"] == "completed"


def test_a_compressed_session_gives_the_same_facts_as_a_plain_one(corpus: Corpus) -> None:
    stored = corpus("0.169.0-compressed")
    kinds = {row["representation"] for row in stored.rows("sources")}
    assert kinds == {"plain", "zst"}
    for number, prompt in enumerate(("first", "second"), start=1):
        session = whole(stored, prompt)
        assert stored.messages_of(session["id"]) == [
            ("user", prompt),
            ("assistant", f"(default reply {number})"),
        ]
        assert stored.tokens(session["id"]) == answer(number)


@pytest.mark.parametrize(
    ("folder", "tokens"),
    [
        ("0.63.0-interactive", (58_800, 29_400, 1_260, 420, 60_060)),
        ("0.169.0-interactive", (69_200, 34_600, 1_260, 420, 70_460)),
    ],
)
def test_the_same_prompt_twice_is_two_prompts(
    corpus: Corpus, folder: str, tokens: tuple[int, ...]
) -> None:
    stored = corpus(folder)
    typed = ["Fix the failing unicode test", *["and now the changelog, please"] * 2]
    (session,) = stored.rows("sessions")
    assert [row["text"] for row in stored.rows("prompts")] == typed
    assert {row["session"] for row in stored.rows("prompts")} == {session["id"]}
    assert {row["history_only"] for row in stored.rows("prompts")} == {False}
    assert [text for role, text in stored.messages_of(session["id"]) if role == "user"] == typed
    assert stored.states(session["id"]) == ["completed"] * 3
    assert stored.tokens(session["id"]) == tokens
