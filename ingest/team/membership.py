"""What this installation shares and with whom, in a private file beside the database.

It is a file because it must survive the loss of the database: the id of the installation, and that
a project is not shared. It has no password.
"""

import socket
import uuid
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from ingest.batches.batch import BatchKey, Kind
from ingest.db import paths
from ingest.db.private_document import PrivateDocument
from ingest.errors import NotFound


class Level(StrEnum):
    """What of a project leaves. Each level includes those before it."""

    FIGURES = "figures"
    """States, counts, tokens, durations; no text of a session."""
    PLAN = "plan"
    """Titles, branches, tasks, journals."""
    TEXT = "text"
    """Messages, commands and their output, as stored."""

    @property
    def has_plan(self) -> bool:
        return self is not Level.FIGURES


class Sharing(StrEnum):
    ON = "on"
    STOPPED = "stopped"
    """Nothing more leaves; what is there stays there."""
    WITHDRAWING = "withdrawing"
    """What is there is deleted, as soon as the server can be reached."""


SHARE_HOME: Final = "team"
"""What batches that share a project have instead of a Codex home."""


class SharedProject(Struct, frozen=True):
    id: str
    label: str
    level: Level
    since: datetime
    sharing: Sharing = Sharing.ON
    private: bool = False
    """Whether only installations of the same role in the store may read it."""

    @property
    def visibility(self) -> str:
        return "private" if self.private else "team"

    @property
    def batch_id(self) -> str:
        """The batch that sends what is shared of it."""
        return BatchKey(Kind.SHARE, f"{SHARE_HOME}/{self.id}", 0, 0).id


class Membership(Struct, frozen=True):
    address: str
    """How to reach the server, without a password."""
    installation: str
    name: str
    machine: str
    joined_at: datetime
    paused: bool = False
    projects: tuple[SharedProject, ...] = ()

    def project(self, id_: str) -> SharedProject | None:
        return next((one for one in self.projects if one.id == id_), None)


_NOT_JOINED: Final = "This installation is not a member of a team."
_JOIN: Final = "`tailboard team join URL` joins one."


class TeamFile:
    def __init__(self, database: Path) -> None:
        path = paths.beside(database, "team")
        self._file: PrivateDocument[Membership | None] = PrivateDocument(
            path, Membership | None, lambda: None
        )

    def read(self) -> Membership | None:
        return self._file.read()

    def require(self) -> Membership:
        if (found := self.read()) is None:
            raise NotFound(_NOT_JOINED, _JOIN)
        return found

    def join(self, address: str, name: str, machine: str, now: datetime) -> Membership:
        """Remember the store. Who joins again keeps the id and what is shared, which is sent again:
        it may be another server."""
        with self._file.locked() as old:
            if old is None:
                new = Membership(address, str(uuid.uuid4()), name, machine, now)
            else:
                new = replace(old, address=address, name=name, machine=machine, joined_at=now)
            self._file.write(new)
        return new

    def pause(self, paused: bool) -> Membership:
        with self._file.locked() as old:
            if old is None:
                raise NotFound(_NOT_JOINED, _JOIN)
            new = replace(old, paused=paused)
            self._file.write(new)
        return new

    def share(self, project: SharedProject) -> Membership:
        """Add a project, or change how it is shared."""
        return self._replace(project.id, (project,))

    def forget(self, id_: str) -> Membership:
        return self._replace(id_, ())

    def _replace(self, id_: str, by: tuple[SharedProject, ...]) -> Membership:
        with self._file.locked() as old:
            if old is None:
                raise NotFound(_NOT_JOINED, _JOIN)
            kept = tuple(one for one in old.projects if one.id != id_)
            new = replace(old, projects=(*kept, *by))
            self._file.write(new)
        return new


def usual_machine() -> str:
    return socket.gethostname().split(".")[0] or "machine"
