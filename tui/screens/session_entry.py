"""The full text of the timeline entry under the cursor, or its line of Codex's file."""

import re
from datetime import UTC, datetime
from typing import Any, Final

from msgspec.structs import replace
from textual.app import ComposeResult
from textual.content import Content

from ingest.codex.liveness import SessionState
from ingest.db.query_reader import QueryReader
from ingest.sessions.session import Session
from ingest.sessions.standing import Standing, load_standing
from ingest.sessions.timeline import (
    Moment,
    TimelineKind,
    TimelinePosition,
    load_moments,
    raw_line,
)
from ingest.text.state_style import STATE_STYLES, UNKNOWN
from tui import content
from tui.json_text import json_text
from tui.query_runner import Query
from tui.screens.session_heading import heading
from tui.screens.session_replay import standing_text
from tui.screens.session_timeline import DAY, Timeline
from tui.widgets.pane import Pane
from tui.widgets.text_view import TextView

_STEP: Final = re.compile(r"^\[(\w+)\] ", re.MULTILINE)
_HEADING_PADDING: Final = 2


class MomentPane(Pane):
    TITLE = "Entry"

    def __init__(self, timeline: Timeline) -> None:
        super().__init__()
        self.timeline = timeline
        self.at: TimelinePosition | None = None
        self.raw = False
        self.replays = False
        """Whether it shows how the session stood at this entry."""
        self.text = ""
        self._waiting_tool = ""
        """The tool whose call waits for the person."""
        self._result: Any = None
        self._shown: tuple[TimelinePosition | None, bool, bool] | None = None
        """What was shown last: a refresh of the same does not scroll."""

    def compose(self) -> ComposeResult:
        yield TextView()

    def show_session(self, session: Session) -> None:
        """Show whose entry it is where its timeline is not seen, and whether a call waits."""
        self.set_heading(heading(session, self.app.size.width - _HEADING_PADDING))
        call = session.open_call if session.state is SessionState.WAITING else None
        tool = (call.tool or "") if call else ""
        if tool != self._waiting_tool:
            self._waiting_tool = tool
            if self._result is not None:
                self.show_result(self._result)

    def build_query(self) -> Query[Any] | None:
        at, timeline, raw = self.at, self.timeline, self.raw
        if at is None:
            return None
        if at.what == DAY:
            return lambda _: ([], "")
        key, replays = at, self.replays

        def query(reader: QueryReader) -> Standing | tuple[list[Moment], str | None]:
            items = timeline.items_of(key)
            if replays:
                return load_standing(reader, timeline.home, timeline.session, max(items))
            found = load_moments(reader, timeline.home, timeline.session, items)
            moments = [
                replace(found[item], name="script") if timeline.is_script(item) else found[item]
                for item in items
                if item in found
            ]
            if not raw:
                return moments, None
            return moments, raw_line(reader, items[0], moments[0].length if moments else None)

        return query

    def show_result(self, result: Standing | tuple[list[Moment], str | None]) -> None:
        self._result = result
        if isinstance(result, Standing):
            shown = standing_text(result, self._when(), ascii=self.dashboard.options.ascii)
            self._show_text(shown)
            self.text = shown.plain
            return
        moments, line = result
        if line is not None:
            where, _, text = line.partition("\n\n")
            shown = content.lines(content.block(where, "dim"), "", json_text(text))
            self._show_text(shown if line else Content(""))
        elif not moments:
            self._show_text(content.line("This entry no longer exists.", "dim"))
        else:
            self._show_text(content.lines(*(self._moment_text(moment) for moment in moments)))
        self.text = line if line is not None else "\n\n".join(each.body for each in moments)

    def _when(self) -> str:
        return _local(self.timeline.time_of(self.at))

    def _show_text(self, text: Content) -> None:
        before, self._shown = self._shown, (self.at, self.raw, self.replays)
        is_other = before != self._shown
        self.query_exactly_one(TextView).set_text(text, scroll_to_top=is_other)

    def _moment_text(self, moment: Moment) -> Content:
        body, running = body_text(moment).rstrip(), f"{self._waiting_tool}  {moment.state}"
        waits = bool(self._waiting_tool) and moment.state == "running" and body.startswith(running)
        if waits:
            body = f"{self._waiting_tool}  waiting for you{body.removeprefix(running)}"
        state = content.state(moment.state) if moment.state else None
        return content.lines(
            content.row(
                content.line(moment.name or "output", "title"),
                _waiting_for_you() if waits else state,
            ),
            content.row(
                content.line(_local(moment.time), "dim"),
                content.line(f"byte {moment.at.byte:,}", "dim"),
            ),
            "",
            content.block(body),
            "",
        )

    def text_to_copy(self) -> str:
        return self.text


def _local(time: datetime | None) -> str:
    return f"{time.replace(tzinfo=UTC).astimezone():%Y-%m-%d %H:%M:%S}" if time else ""


def body_text(moment: Moment) -> str:
    """The text of an entry; the steps of a plan have signs for their states."""
    if moment.at.what != TimelineKind.PLAN:
        return moment.body
    return _STEP.sub(lambda step: f"{STATE_STYLES.get(step[1], UNKNOWN).glyph} ", moment.body)


def _waiting_for_you() -> Content:
    glyph = content.glyph(SessionState.WAITING)
    return content.row(glyph, content.line("waiting for you", "yellow"), gap=" ")
