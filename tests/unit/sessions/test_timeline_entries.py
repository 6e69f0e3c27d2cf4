"""A call with what it did is one entry of the timeline."""

from ingest.codex.codemode import call_in
from ingest.codex.facts import CallKind
from ingest.sessions.timeline import Order, TimelineKind, TimelinePosition
from ingest.sessions.timeline_entries import group

K = TimelineKind


def item(
    byte: int, what: str, kind: str = "", until: int | None = None, *, scripted: bool = False
) -> Order:
    at = TimelinePosition(1, byte, what)
    return Order(at, turn=1, kind=kind, until=until, scripted=scripted)


def bytes_of(order: list[Order]) -> list[list[int]]:
    return [[each.at.byte for each in entry.items] for entry in group(order)]


def test_a_patch_and_its_files_are_one_entry() -> None:
    (entry,) = group([item(5, K.CALL, CallKind.PATCH, 9), item(5, K.FILE), item(5, K.FILE)])
    assert entry.face.at.what == K.CALL
    assert [each.at.what for each in entry.parts] == [K.FILE, K.FILE]


def test_a_script_with_one_call_shows_the_call() -> None:
    script = item(5, K.CALL, CallKind.SCRIPT, 20)
    call = item(10, K.CALL, CallKind.PATCH, scripted=True)
    (entry,) = group([script, call, item(10, K.FILE)])
    assert entry.at == script.at
    assert entry.face is call
    (entry,) = group([script, item(5, K.PLAN)])
    assert entry.face.at.what == K.PLAN


def test_a_script_with_several_calls_shows_itself() -> None:
    script = item(5, K.CALL, CallKind.SCRIPT, 20)
    calls = [item(byte, K.CALL, CallKind.COMMAND, scripted=True) for byte in (10, 15)]
    (entry,) = group([script, *calls])
    assert entry.face is script
    assert entry.parts == calls


def test_a_command_that_ends_after_its_script_belongs_to_it() -> None:
    script = item(5, K.CALL, CallKind.SCRIPT, 8)
    late = item(10, K.CALL, CallKind.COMMAND, scripted=True)
    assert bytes_of([script, late]) == [[5, 10]]


def test_what_happens_after_a_call_or_in_another_turn_is_an_entry_of_its_own() -> None:
    spawn = item(5, K.CALL, CallKind.AGENT, 8)
    assert bytes_of([spawn, item(6, K.AGENT), item(9, K.AGENT)]) == [[5, 6], [9]]
    script = item(5, K.CALL, CallKind.SCRIPT, None)
    later = item(10, K.CALL, CallKind.COMMAND, scripted=True)._replace(turn=2)
    assert bytes_of([script, later]) == [[5], [10]]
    assert bytes_of([script, item(7, K.MESSAGE), item(9, K.CALL, CallKind.COMMAND)]) == [
        [5],
        [7],
        [9],
    ]


def test_a_script_is_named_by_the_tool_that_it_calls() -> None:
    assert call_in('text(await tools.web__run({"query": "UAX 31"}))') == ("web__run", "UAX 31")
    assert call_in("tools.a({x: 1, y: [2]}); tools.b('c')") == ("a", "x: 1, y: … (and b)")
    assert call_in("tools.read(path)") == ("read", "")
    assert call_in("const x = 1") is None
