"""The rows of the board, from sessions made up for the purpose."""

from datetime import timedelta

from ingest.codex.liveness import OpenCall, SessionState
from ingest.sessions.scope import FOREVER, Now
from tests.build.session import MORNING, session
from tui.needs import LastErrors, needs
from tui.screens.board_rows import now_row, project_row, pulse_bar, session_row
from tui.screens.board_tree import in_order
from tui.widgets.column import Styled, parts_of
from tui.widgets.listing import ViewState

NOW = Now(MORNING + timedelta(hours=1), FOREVER, FOREVER)


def test_a_pulse_shows_quiet_minutes_and_the_busiest_one_in_full() -> None:
    assert pulse_bar([0, 1, 0, 8, 4, 0]) == "▁▂▁█▅▁"
    assert pulse_bar([0] * 3) == "▁▁▁"


def test_a_head_counts_states_and_a_closed_one_its_sessions() -> None:
    members = [session(str(n), state=SessionState.RUNNING) for n in range(2)]
    members.append(session("w", state=SessionState.WAITING, branch="main"))
    shown = project_row("sample", members, collapsed=False, now=NOW).visible_text()
    assert shown.split() == ["▾", "sample", "main", "●", "2", "◐", "1"]
    closed = project_row("sample", members, collapsed=True, now=NOW).visible_text()
    assert "▸  sample   3 sessions   ● 2   ◐ 1" in closed


def test_a_session_that_has_ended_is_one_dim_line() -> None:
    ended = session_row(session(title="Say hello"), "  ", None, NOW)
    assert Styled("Say hello", "dim") in parts_of(ended.cells[0])
    failed = session_row(session(title="Say hello", state=SessionState.FAILED), "  ", None, NOW)
    assert Styled("Say hello") in parts_of(failed.cells[0])


def test_the_line_of_a_running_session_says_what_runs_and_since_when() -> None:
    call = OpenCall("exec_command", "pytest  -q\n", NOW.moment - timedelta(seconds=12))
    running = session(state=SessionState.RUNNING, open_call=call)
    assert "pytest -q" in now_row(running, "  ", [0, 1], NOW).visible_text()
    assert now_row(running, "  ", [0, 1], NOW).visible_text().endswith("12 s")
    thinking = now_row(session(state=SessionState.RUNNING), "  ", [0, 1], NOW)
    assert "thinking" in thinking.visible_text()
    ended = now_row(session(), "  ", [0, 1], NOW).visible_text()
    assert "thinking" not in ended
    assert "done" in ended


def test_what_needs_the_person_is_ordered_by_time_and_names_the_command_to_approve() -> None:
    approval = OpenCall("shell", "rm -rf build && make", None)
    sessions = [
        session("a", minutes=1, state=SessionState.WAITING, open_call=approval),
        session("b", minutes=2, state=SessionState.FAILED),
        session("c", minutes=3, state=SessionState.FAILED, parent_id="a"),
        session("d", minutes=4),
    ]
    found = needs(sessions, LastErrors(), NOW)
    assert [each.session for each in found] == ["b", "a"]
    assert found[1].reason == "waits for approval: rm -rf build && make"


def test_sessions_are_sorted_by_a_column_and_in_reverse() -> None:
    sessions = [session(id_, title=id_, plan_total=4, plan_done=n) for n, id_ in enumerate("bca")]

    def ids(view: ViewState) -> str:
        return "".join(each.id for each in in_order(sessions, view))

    assert ids(ViewState("session")) == "abc"
    assert ids(ViewState("session", reverse=True)) == "cba"
    assert ids(ViewState("plan")) == "acb"
