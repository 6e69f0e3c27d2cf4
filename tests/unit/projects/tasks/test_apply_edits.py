"""Edits of tasks by users, applied to the tasks of the log."""

from datetime import datetime, timedelta
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from ingest.projects.tasks.edits import (
    Add,
    AddEvidence,
    Link,
    Note,
    Owner,
    RecordedEdit,
    Reset,
    Set,
    TaskEdit,
    Undo,
    Unlink,
    agent_of,
    decode_edit,
    encode_edit,
    last_edit,
)
from ingest.projects.tasks.model import EvidenceKind, Roadmap, Task, TaskState
from ingest.projects.tasks.roadmap import build_roadmap
from ingest.sessions.scope import Now, Scope

NOW = Now(datetime(2026, 11, 21, 12), timedelta(minutes=5), timedelta(hours=24))
ADDED = [("a", Add("Read", "p")), ("b", Add("Fix", "p")), ("c", Add("Ship", "p"))]


def recorded(*edits: tuple[str, TaskEdit], actor: str = "ada") -> list[RecordedEdit]:
    numbers = count(1)
    return [
        RecordedEdit(f"s{next(numbers)}", NOW.moment, actor, task, edit, None)
        for task, edit in [*ADDED, *edits]
    ]


def after(*edits: tuple[str, TaskEdit]) -> Roadmap:
    return build_roadmap([], recorded(*edits), Scope(), NOW)


def tasks(plan: Roadmap) -> dict[str, Task]:
    return {task.id: task for task in plan.tasks}


def states(plan: Roadmap) -> dict[str, str]:
    return {task.id: str(task.state) for task in plan.tasks}


def test_a_task_is_blocked_until_its_dependency_is_done() -> None:
    linked = after(("b", Link("a")), ("c", Link("b")))
    assert states(linked) == {"a": "ready", "b": "blocked", "c": "blocked"}
    assert (tasks(linked)["c"].depends_on, tasks(linked)["c"].blocked_by) == (["b"], ["b"])
    done = after(("b", Link("a")), ("c", Link("b")), ("a", Set(TaskState.DONE)))
    assert states(done) == {"a": "done", "b": "ready", "c": "blocked"}


def test_the_later_of_two_links_that_close_a_cycle_is_refused_with_its_path() -> None:
    plan = after(("b", Link("a")), ("c", Link("b")), ("a", Link("c")))
    assert states(plan) == {"a": "ready", "b": "blocked", "c": "blocked"}
    (sentence,) = plan.refused
    assert "a (Read) → b (Fix) → c (Ship) → a (Read)" in sentence
    assert "edit `link` of a by ada" in sentence
    assert len(after(("a", Link("a"))).refused) == 1


def test_a_removed_link_blocks_nothing() -> None:
    assert states(after(("b", Link("a")), ("b", Unlink("a"))))["b"] == "ready"


def test_an_edit_of_a_missing_task_is_reported_and_the_others_apply() -> None:
    plan = after(("gone", Set(TaskState.DONE)), ("a", Set(TaskState.DONE)))
    assert states(plan)["a"] == "done"
    assert "the task is no longer in any file" in plan.refused[0]


def test_owner_evidence_and_notes_are_kept() -> None:
    plan = after(
        ("a", Owner("grace")),
        ("a", AddEvidence(EvidenceKind.COMMIT, "956a49e")),
        ("a", AddEvidence(EvidenceKind.COMMIT, "956a49e")),
        ("a", Note("Ask about the encoding")),
    )
    task = tasks(plan)["a"]
    assert (task.owner, task.notes) == ("grace", ["Ask about the encoding"])
    assert [(one.kind, one.ref, one.by) for one in task.evidence] == [("commit", "956a49e", "ada")]
    assert task.edited


def test_a_reset_drops_earlier_edits_and_no_later_ones() -> None:
    plan = after(("a", Set(TaskState.DONE)), ("a", Owner("x")), ("a", Reset()), ("a", Note("n")))
    task = tasks(plan)["a"]
    assert (task.state, task.owner, task.notes) == ("ready", None, ["n"])


def test_an_agent_never_changes_a_state_that_a_person_set() -> None:
    ours, agents = ("a", Set(TaskState.BLOCKED)), ("a", Set(TaskState.DONE))
    agent = agent_of("ada")
    for person_first in (True, False):
        edits = [*recorded(ours), *recorded(agents, actor=agent)[len(ADDED) :]]
        if not person_first:
            edits = [*recorded(agents, actor=agent), *recorded(ours)[len(ADDED) :]]
        assert states(build_roadmap([], edits, Scope(), NOW))["a"] == "blocked"
    alone = recorded(agents, actor=agent)
    assert states(build_roadmap([], alone, Scope(), NOW))["a"] == "done"
    assert last_edit(alone, "ada") == alone[-1]
    assert last_edit(alone, "grace") is None


def test_an_undo_reverts_only_the_last_edit_of_that_user() -> None:
    mine = recorded(("a", Set(TaskState.DONE)))
    other = RecordedEdit("x", NOW.moment, "bob", "a", Owner("bob"), None)
    every = [*mine, other]
    last = last_edit(every, "ada")
    assert last is not None
    assert last.id == "s4"
    every.append(RecordedEdit("u", NOW.moment, "ada", "a", Undo(last.id), None))
    task = tasks(build_roadmap([], every, Scope(), NOW))["a"]
    assert (task.state, task.owner) == ("ready", "bob")
    again = last_edit(every, "ada")
    assert again is not None
    assert again.id == "s3"
    assert last_edit(every, "nobody") is None


EDITS = st.one_of(
    st.builds(Set, st.sampled_from(TaskState)),
    st.builds(Link, st.sampled_from("abc")),
    st.builds(Unlink, st.sampled_from("abc")),
    st.builds(Owner, st.sampled_from(["x", None])),
    st.builds(Note, st.just("n")),
    st.builds(AddEvidence, st.sampled_from(EvidenceKind), st.just("r")),
    st.just(Reset()),
)
SAID = st.lists(st.tuples(st.sampled_from("abc"), EDITS), max_size=12)


@given(SAID, st.tuples(st.sampled_from("abc"), EDITS))
def test_an_undo_restores_exactly_what_was_before(
    before: list[tuple[str, TaskEdit]], last: tuple[str, TaskEdit]
) -> None:
    every = recorded(*before, last)
    undone = [*every, RecordedEdit("u", NOW.moment, "ada", last[0], Undo(every[-1].id), None)]
    assert build_roadmap([], undone, Scope(), NOW) == after(*before)


@given(SAID)
def test_any_edits_leave_no_cycle_and_are_deterministic(
    edits: list[tuple[str, TaskEdit]],
) -> None:
    plan = after(*edits)
    assert plan == after(*edits)
    waits = {task.id: set(task.depends_on) for task in plan.tasks}
    for _ in range(3):
        free = {one for one, on in waits.items() if not on}
        waits = {one: on - free for one, on in waits.items() if one not in free}
    assert not waits


@given(EDITS)
def test_an_edit_can_be_encoded_and_decoded(edit: TaskEdit) -> None:
    import msgspec

    row = {
        "id": "1",
        "time": NOW.moment,
        "actor": "ada",
        "about": '{"task": "a"}',
        "arguments": msgspec.json.encode(encode_edit(edit)).decode(),
        "reason": None,
    }
    read = decode_edit(row)
    assert read is not None
    assert read.edit == edit


def test_a_row_that_is_not_an_edit_is_skipped() -> None:
    row = {"id": "1", "time": NOW.moment, "actor": "a", "reason": None}
    assert decode_edit({**row, "about": "{}", "arguments": '{"do": "note", "text": "n"}'}) is None
    assert decode_edit({**row, "about": '{"task": "a"}', "arguments": '{"do": "dance"}'}) is None
