"""Sends what is shared to the team's store, as work of the owner's queue (`kind = share`).

Each shared project is one batch, which is claimed again whenever something of it changed. It sends
a portion in one transaction of the server, and records afterwards what was sent; if the process or
the server ends in between, the same portion is sent again, which changes nothing. While the server
is away the batch is retried with backoff, and nothing else waits for it.
"""

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from ingest.batches.batch import Kind
from ingest.batches.retry_policy import Reason
from ingest.batches.state import State
from ingest.db import queue
from ingest.db.database import Database
from ingest.db.local_reader import LocalReader
from ingest.db.query_reader import NamedQueries, Row
from ingest.pipeline.background import BackgroundJob, JobResult
from ingest.pipeline.run import RunSettings
from ingest.team.build import build, find_changes
from ingest.team.membership import SHARE_HOME, Membership, SharedProject, Sharing, TeamFile
from ingest.team.postgres import Address, Store
from ingest.team.push import push, withdraw
from ingest.team.rows import Changes, Portion, Unit, unit_id
from ingest.text.times import Clock

PUSH_EVERY: Final = timedelta(seconds=10)
"""How often to send a project while its sessions go on."""
SETTLED_FOR: Final = timedelta(minutes=1)
"""How long nothing is compared while nothing is committed."""
REVIVE_AFTER: Final = timedelta(hours=1)
"""A batch that was given up because the server was away is tried again after this time."""
_PORTION_UNITS: Final = 5000
_PORTION_BYTES: Final = 64 * 1024**2
"""Of Codex's files: what is read from them must fit into memory. For figures nothing is read."""
_CLAIMABLE: Final = (State.PENDING, State.COMPLETED, State.COMPLETED_EMPTY, State.SUPERSEDED)


class SentPortion(Struct, frozen=True):
    """What was sent of a project, to be recorded."""

    project: str
    units: list[Row]
    gone: list[Row]
    withdrawn: bool = False


def batches(rows: NamedQueries, membership: Membership) -> dict[str, Row]:
    """The batch of each shared project that has one, by the id of the project."""
    ids = {project.batch_id: project.id for project in membership.projects}
    return {ids[row["id"]]: row for row in rows.rows("team.batches", ids=list(ids))}


class ShareJob(BackgroundJob[SentPortion]):
    kind = Kind.SHARE

    def __init__(
        self,
        database: Database,
        team: TeamFile,
        *,
        turns: int,
        zone: tzinfo | None,
        tuning: RunSettings,
        clock: Clock,
    ) -> None:
        super().__init__(database, tuning=tuning, clock=clock)
        self.team = team
        self.turns = turns
        self.zone = zone
        self._settled: tuple[datetime, int, Membership | None] | None = None
        """When nothing was left to send; the number of commits, and the membership, then."""

    def waiting(self) -> Row | None:
        """A batch that is pending: released, woken, or retried by a person. If nothing changed any
        more, it is completed."""
        return self._first(
            lambda row: row is not None and row["state"] == State.PENDING, always=True
        )

    def due(self, now: datetime) -> Row | None:
        state = self.database.commits.count, self.team.read()
        # Tasks are written without a commit that is announced, so it is not believed for long.
        settled = self._settled
        if settled is not None and settled[1:] == state and now - settled[0] < SETTLED_FOR:
            return None
        self._revive(now)
        found = self._first(
            lambda row: (
                row is None
                or (row["state"] in _CLAIMABLE and now - row["updated_at"] >= PUSH_EVERY)
            )
        )
        if found is None and not self._sent_recently(now):
            self._settled = (now, *state)
        return found

    def run(self, projects: set[str]) -> None:
        """Send everything of these projects now, until it is done or has failed."""
        for id_ in sorted(projects):
            while (team := self.team.read()) and (project := team.project(id_)) is not None:
                row = self.database.first_row("queue.batch", id=project.batch_id)
                pending = row is not None and row["state"] == State.PENDING
                if (found := self._changed(project, team, always=pending)) is None:
                    break
                self._start(found, self.clock())
                if not self.finish() or found["changes"].is_complete:
                    break

    # ── what to send ──────────────────────────────────────────────────────────────────────────────

    def _first(self, wanted: Callable[[Row | None], bool], *, always: bool = False) -> Row | None:
        team = self.team.read()
        if team is None or team.paused:
            return None
        known = batches(self.database, team)
        for project in team.projects:
            if wanted(known.get(project.id)):
                found = self._changed(project, team, always=always)
                if found is not None:
                    return found
        return None

    def _changed(
        self, project: SharedProject, team: Membership, *, always: bool = False
    ) -> Row | None:
        """What of a project is to be sent, as a row that stands for its batch; None if there is
        nothing, unless `always`."""
        if project.sharing is Sharing.STOPPED and not always:
            return None
        changes = Changes([], [], 1)  # Withdrawing.
        if project.sharing is Sharing.ON:
            changes = find_changes(self.database, team, project, _PORTION_UNITS)
            if project.level.has_plan:
                changes = replace(changes, units=_portion(changes.units))
        if not (changes.count or always):
            return None
        return {
            "home": SHARE_HOME, "session": project.id, "source": -1, "generation": 0, "start": 0,
            "finish": changes.count, "changes": changes,
        }  # fmt: skip

    def _sent_recently(self, now: datetime) -> bool:
        """Whether something may wait only because its project was sent a moment ago."""
        team = self.team.read()
        rows = batches(self.database, team).values() if team is not None else ()
        return any(now - row["updated_at"] < PUSH_EVERY for row in rows)

    def _revive(self, now: datetime) -> None:
        """Try again what was given up, because the server may be back."""
        team = self.team.read()
        if team is None or team.paused:
            return
        given_up = [
            row["id"]
            for row in batches(self.database, team).values()
            if (row["state"], row["reason"]) == (State.DEAD, Reason.EXHAUSTED)
            and now - row["updated_at"] >= REVIVE_AFTER
        ]
        queue.retry_changed(self.database, given_up, now.isoformat())

    # ── sending ───────────────────────────────────────────────────────────────────────────────────

    def prepare(self, found: Row) -> Callable[[], JobResult[SentPortion]]:
        team = self.team.read()
        project = team.project(found["session"]) if team is not None else None
        if team is None or project is None or project.sharing is Sharing.STOPPED:
            nothing = SentPortion(found["session"], [], [])
            return lambda: JobResult(nothing, 0, "it is not shared any more")
        if project.sharing is Sharing.WITHDRAWING:
            return lambda: self._withdraw(team, project)
        return lambda: self._send(team, project, found["changes"])

    def _send(
        self, team: Membership, project: SharedProject, changes: Changes
    ) -> JobResult[SentPortion]:
        reader = LocalReader(self.database)
        units = changes.units
        if not changes.count:
            return JobResult(SentPortion(project.id, [], []), 0, "nothing has changed")
        # Connected first: while the server is away, no rows are built for nothing.
        with Store(Address(team.address)) as store:
            with reader.snapshot():
                portion = build(reader, project, units, self.zone, self.turns)
            push(store, team, project, portion, changes.gone)
        counts = _counts(portion, project)
        sent: list[Row] = [
            {"home": unit.home, "session": unit.session, "stamp": unit.stamp,
             "rows": counts.get((unit.home, unit.session), 0)}
            for unit in units
        ]  # fmt: skip
        gone: list[Row] = [{"home": one.home, "session": one.session} for one in changes.gone]
        return JobResult(SentPortion(project.id, sent, gone), len(sent) + len(gone))

    def _withdraw(self, team: Membership, project: SharedProject) -> JobResult[SentPortion]:
        with Store(Address(team.address)) as store:
            withdraw(store, team, project)
        return JobResult(SentPortion(project.id, [], [], withdrawn=True), 1)

    def save(
        self,
        found: Row,  # noqa: ARG002 - the result says what was sent
        batch: str,  # noqa: ARG002
        result: SentPortion,
        now: datetime,
    ) -> None:
        if result.withdrawn:
            self.database.run("team.drop_project", project=result.project)
            self.team.forget(result.project)
            return
        project = result.project
        if result.gone:
            self.database.run("team.drop_units", units=_json(result.gone), project=project)
        if result.units:
            self.database.run(
                "team.put_units", units=_json(result.units), project=project, now=now.isoformat()
            )


def _json(rows: list[Row]) -> str:
    return msgspec.json.encode(rows).decode()


def _portion(units: list[Unit]) -> list[Unit]:
    """The first units, as many as fit into memory; at least one."""
    chosen: list[Unit] = []
    size = 0
    for unit in units:
        size += unit.bytes
        if chosen and size > _PORTION_BYTES:
            break
        chosen.append(unit)
    return chosen


def _counts(portion: Portion, project: SharedProject) -> dict[tuple[str, str], int]:
    """How many rows each unit has."""
    by_id = {
        unit_id(project.id, unit.home, unit.session): (unit.home, unit.session)
        for unit in portion.units
    }
    counts = dict.fromkeys(by_id.values(), 0)
    for rows in portion.rows.values():
        for row in rows:
            counts[by_id[row.unit]] += 1
    return counts
