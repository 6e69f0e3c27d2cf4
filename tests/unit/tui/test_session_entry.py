"""The text of an entry of a session."""

import pytest

from ingest.sessions.timeline import Moment, TimelineKind, TimelinePosition
from tui.screens.session_entry import body_text


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        (TimelineKind.PLAN, "revision 1\n\n✓ Read\n● Fix [x] it\n○ Test"),
        (TimelineKind.MESSAGE, "revision 1\n\n[completed] Read\n[in_progress] Fix [x] it\n"),
    ],
)
def test_the_steps_of_a_plan_have_the_signs_of_their_states(kind: TimelineKind, shown: str) -> None:
    body = "revision 1\n\n[completed] Read\n[in_progress] Fix [x] it\n[pending] Test"
    moment = Moment(TimelinePosition(1, 0, kind), None, "", "plan", "revision 1", body)
    assert body_text(moment).startswith(shown)
