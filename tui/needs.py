"""What needs the person: sessions that wait for an answer, are silent or failed, with the reason.

Pure, except that the errors of failed turns are read once each: `LastErrors` keeps them, so that a
refresh of an unchanged list runs no query.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from ingest.codex.liveness import SessionState, WaitsFor
from ingest.db.query_reader import QueryReader
from ingest.sessions.scope import Now
from ingest.sessions.session import Session, label
from ingest.text.times import age

STATES: Final = (SessionState.WAITING, SessionState.STALLED, SessionState.FAILED)
_MAX_ERRORS: Final = 500


class Need(Struct, frozen=True):
    home: str
    session: str
    state: SessionState
    project: str
    title: str
    reason: str
    """The question, the command that waits or is silent, or the error."""
    since: datetime | None
    event: str
    """Changes when something new happens in the session."""

    @property
    def key(self) -> tuple[str, str]:
        return self.home, self.session


class LastErrors:
    """Why the last turns of failed sessions failed."""

    def __init__(self) -> None:
        self._errors: dict[tuple[str, str, datetime | None], str] = {}

    def load(self, reader: QueryReader, sessions: Sequence[Session]) -> None:
        failed = [each for each in sessions if each.state is SessionState.FAILED]
        missing = [each for each in failed if _key(each) not in self._errors]
        if not missing:
            return
        rows = reader.rows("sessions.last_errors", ids=[each.id for each in missing])
        errors = {(row["home"], row["id"]): row["error"] for row in rows}
        if len(self._errors) > _MAX_ERRORS:
            self._errors = {}
        self._errors |= {_key(each): errors.get((each.home_id, each.id), "") for each in missing}

    def of(self, session: Session) -> str:
        return self._errors.get(_key(session), "")


def _key(session: Session) -> tuple[str, str, datetime | None]:
    return session.home_id, session.id, session.last_at


def needs(sessions: Sequence[Session], errors: LastErrors, now: Now) -> tuple[Need, ...]:
    """The needs of recent sessions, newest first. A sub-agent that stopped is left out if the
    session that started it needs the person, too."""
    wanting = {(each.home_id, each.id): each for each in sessions if each.state in STATES}
    found = [
        each
        for each in wanting.values()
        if each.state is SessionState.WAITING or (each.home_id, each.parent_id) not in wanting
    ]
    found.sort(key=lambda each: (each.last_at is not None, each.last_at, each.id), reverse=True)
    return tuple(_need(each, errors.of(each), now) for each in found)


def _need(session: Session, error: str, now: Now) -> Need:
    return Need(
        home=session.home_id,
        session=session.id,
        state=session.state,
        project=session.project,
        title=label(session),
        reason=_reason(session, error, now),
        since=session.last_at,
        event=f"{session.state} {session.last_at}",
    )


def _reason(session: Session, error: str, now: Now) -> str:
    call = session.open_call
    command = " ".join((call.command or call.tool or "").split()) if call else ""
    match session.state:
        case SessionState.FAILED:
            return error or session.state_reason
        case SessionState.STALLED:
            where = f" in `{command}`" if command else ""
            return f"silent for {age(session.last_at, now.moment)}{where}"
        case _:
            what = "asks" if session.waiting_for is WaitsFor.INPUT else "waits for approval"
            return f"{what}: {command}" if command else session.state_reason
