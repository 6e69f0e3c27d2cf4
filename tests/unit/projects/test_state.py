"""State files: errors are reported with their place, and merging loses no data of the database."""

import contextlib
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import BadState, ProjectError
from ingest.projects.state.document import ProjectState, StateItem
from ingest.projects.state.items import written
from ingest.projects.state.merge import Resolution, changes, refuse_other_project
from ingest.projects.state.read import decode_state
from ingest.projects.state.write import encode_document
from ingest.projects.tasks.edits import Add, Link, Note, Owner, Set


def item(id_: str, **fields: object) -> StateItem:
    made = msgspec.convert(
        {"id": id_, "text": f"Task {id_}", "origin": "plan", **fields}, StateItem
    )
    return msgspec.structs.replace(made, written=written(made))


def state(*tasks: StateItem) -> ProjectState:
    return ProjectState(project="parser", tasks=list(tasks))


def edited(task: StateItem, **fields: object) -> StateItem:
    """A task as a user changes it in the file: the mark stays."""
    return msgspec.structs.replace(task, **fields)


def test_an_unchanged_file_has_no_edits() -> None:
    here = state(item("a"), item("b", state="done"))
    assert changes(decode_state(encode_document(here).encode(), "f"), here) == []


HIDDEN = "\x7f\x85\x9b\u00ad\u200b\u200f\u202e\u2066\ufeff\U000e0041"


@pytest.mark.fault("S05", "A08")
def test_no_character_of_a_file_is_active_or_hidden_and_the_content_is_the_same() -> None:
    text = f"a{HIDDEN}b ☀\ufe0f"
    here = state(item("a", text=text, branch=f"fix/{HIDDEN}"))
    text_written = encode_document(here)
    assert [one for one in HIDDEN if one in text_written] == []
    assert "\\u202e" in text_written
    assert "☀\ufe0f" in text_written
    assert decode_state(text_written.encode(), "f") == here


def test_edits_of_the_user_are_imported() -> None:
    one, two = item("a"), item("b")
    file = state(
        edited(one, state="done", owner="kim", notes=["seen"], depends_on=["b"]),
        two,
        StateItem(text="Write the changelog"),
    )
    found = changes(file, state(one, two))
    assert {one.fate for one in found} == {Resolution.APPLY}
    kinds = [type(one.edit) for one in found]
    assert kinds == [Set, Owner, Note, Link, Add]


def test_an_old_file_does_not_revert_newer_changes() -> None:
    old = item("a")
    found = changes(state(old), state(item("a", state="done")))
    assert [(one.what, one.database, one.file, one.fate) for one in found] == [
        ("state", "done", "pending", Resolution.KEPT)
    ]


def test_a_change_on_both_sides_is_a_conflict_and_the_database_wins() -> None:
    old = item("a")
    found = changes(state(edited(old, state="cancelled")), state(item("a", state="done")))
    assert [(one.database, one.file, one.fate, one.edit) for one in found] == [
        ("done", "cancelled", Resolution.CONFLICT, None)
    ]


def test_omitted_entries_are_kept() -> None:
    here = item("a", notes=["mine"])
    found = changes(state(edited(here, notes=[])), state(here, item("b")))
    assert [(one.task, one.what, one.fate) for one in found] == [
        ("a", "note", Resolution.KEPT),
        ("b", "task", Resolution.KEPT),
    ]


def test_a_task_that_is_added_twice_is_the_same_task() -> None:
    file = state(StateItem(text="Write the changelog"))
    (first,) = changes(file, state())
    added = item(first.task, text="Write the changelog", origin="person")
    assert changes(file, state(added)) == [
        msgspec.structs.replace(
            first, database=first.text, file=None, fate=Resolution.KEPT, edit=None
        )
    ]


def test_a_file_cannot_change_the_text_of_a_task() -> None:
    here = item("a")
    (found,) = changes(state(edited(here, text="Other")), state(here))
    assert (found.what, found.fate) == ("text", Resolution.REFUSED)


def test_the_state_of_another_project_is_refused() -> None:
    with pytest.raises(ProjectError):
        refuse_other_project(ProjectState(project="other"), "parser", "parser", {})


STATES = ("pending", "in_progress", "blocked", "done", "failed", "cancelled")
SAID = st.fixed_dictionaries(
    {
        "state": st.sampled_from(STATES),
        "owner": st.sampled_from([None, "kim", "ann"]),
        "notes": st.lists(st.sampled_from(["one", "two"]), max_size=2, unique=True),
    }
)


@given(old=SAID, here=SAID, file=SAID)
def test_after_an_import_everything_of_the_database_is_still_there(
    old: dict[str, object], here: dict[str, object], file: dict[str, object]
) -> None:
    base, now = item("a", **old), item("a", **here)
    for one in changes(state(edited(base, **file)), state(now)):
        if one.fate is not Resolution.APPLY:
            continue
        # A value may only be replaced if the database still has the value that the file knew.
        if one.what in ("state", "owner"):
            assert getattr(now, one.what) == getattr(base, one.what)
        assert one.file is not None or one.what == "owner"


@given(old=SAID)
def test_a_written_file_can_be_read_back(old: dict[str, object]) -> None:
    here = state(item("a", **old))
    assert decode_state(encode_document(here).encode(), "f") == here
    assert encode_document(decode_state(encode_document(here).encode(), "f")) == encode_document(
        here
    )


def whole(**changed: object) -> str:
    result = json.loads(encode_document(state(item("a"), item("b"))))
    return json.dumps(result | changed, indent=2)


@pytest.mark.parametrize(
    ("text", "where", "sentence"),
    [
        ('{\n  "schema": ,\n}', "f:2:13", "Expecting value"),
        (whole(schema="other/9"), "f:", "this version reads"),
        (whole().replace('"state": "pending"', '"state": "lost"', 1), "f:", "Invalid enum"),
        (whole(tasks=3), "f:", "Expected `array`"),
        (whole().replace('"owner": null', '"ownr": null', 1), "f:", "unknown field `ownr`"),
        ("[]", "f:1:1", "Expected `object`"),
    ],
)
def test_an_error_is_reported_with_line_and_column(text: str, where: str, sentence: str) -> None:
    with pytest.raises(BadState) as refused:
        decode_state(text.encode(), "f")
    assert where in refused.value.message
    assert sentence in refused.value.message
    if '"lost"' in text:
        line = next(n for n, one in enumerate(text.splitlines(), 1) if '"lost"' in one)
        column = text.splitlines()[line - 1].index('"lost"') + 1
        assert f"f:{line}:{column}:" in refused.value.message


@given(data=st.binary(max_size=60) | st.text(alphabet='{}[]":,\\ a1', max_size=40).map(str.encode))
def test_any_file_is_read_or_refused_with_a_sentence(data: bytes) -> None:
    with contextlib.suppress(BadState):
        decode_state(data, "f")


def version_1(*tasks: dict[str, object]) -> bytes:
    document = {"schema": "tailboard.project_state/1", "project": "parser", "tasks": tasks}
    return json.dumps(document).encode()


OLD: dict[str, object] = {
    "depends_on": [], "evidence": [{"by": "observed", "kind": "file", "ref": "a.py"}], "id": "a",
    "log_state": "pending", "mark": "ebaa0da2", "notes": [], "origin": "plan", "owner": None,
    "session": "0123", "state": "pending", "text": "Task a",
}  # fmt: skip


def test_edits_in_a_file_of_version_1_are_imported() -> None:
    here = item("a", evidence=[{"kind": "file", "ref": "a.py", "by": "observed"}])
    now = item("a", state="done", evidence=[{"kind": "file", "ref": "a.py", "by": "observed"}])
    untouched = decode_state(version_1(OLD), "f")
    assert changes(untouched, state(here)) == []
    assert [one.fate for one in changes(untouched, state(now))] == [Resolution.KEPT]
    edited_file = decode_state(version_1(OLD | {"owner": "kim"}), "f")
    (found,) = changes(edited_file, state(here))
    assert (found.what, found.edit) == ("owner", Owner("kim"))


def test_an_item_among_the_goals_is_added_as_a_goal() -> None:
    file = ProjectState(project="parser", goals=[StateItem(text="Serve ten users")])
    (found,) = changes(file, state())
    assert isinstance(found.edit, Add)
    assert found.edit.origin == "goal"


def test_a_time_out_of_range_is_refused_with_a_sentence() -> None:
    text = whole(checkpoints=[{"at": "0001-01-01T00:00:00+14:00", "branch": None, "commit": "a",
                               "session": "s"}])  # fmt: skip
    with pytest.raises(BadState, match="out of range"):
        decode_state(text.encode(), "f")


def sides(ours: ProjectState, theirs: ProjectState) -> bytes:
    """Two files as git leaves them if every line is in conflict."""
    mine, other = encode_document(ours), encode_document(theirs)
    return f"<<<<<<< HEAD\n{mine}=======\n{other}>>>>>>> theirs\n".encode()


@given(
    ours=st.sets(st.sampled_from(["state", "owner", "notes"])),
    theirs=st.sets(st.sampled_from(["state", "owner", "notes"])),
)
def test_conflict_markers_merge_the_changes_of_both_sides(ours: set[str], theirs: set[str]) -> None:
    base = item("a")
    mine = {"state": "done", "owner": "kim", "notes": ["mine"]}
    other = {"state": "cancelled", "owner": "ann", "notes": ["other"]}
    left = edited(base, **{name: mine[name] for name in ours})
    right = edited(base, **{name: other[name] for name in theirs})
    if ours & theirs - {"notes"}:
        with pytest.raises(BadState, match="lines 1-"):
            decode_state(sides(state(left), state(right)), "f")
        return
    (merged,) = decode_state(sides(state(left), state(right)), "f").tasks
    for name in ("state", "owner"):
        expected = mine[name] if name in ours else other[name] if name in theirs else None
        assert getattr(merged, name) == (expected or getattr(base, name))
    notes = [*(["mine"] if "notes" in ours else []), *(["other"] if "notes" in theirs else [])]
    assert merged.notes == notes
    found = {one.what for one in changes(state(merged), state(base))}
    assert found == {"note" if name == "notes" else name for name in ours | theirs}
