"""What people can do to the data: one struct per action, with its arguments and its result.

`act(action)` of a `QueryReader` has the process that owns the database carry the action out, this
process or another one, and returns the result. Handlers are in one table
(`ingest.pipeline.action_handlers`). A recorded action has an id, and is carried out at most once
however often it is sent: if its owner ends before it answers, send the same action to the next one.

What people write is masked here, so that no secret is recorded. Does not import the engine.

| action | done by | result |
|---|---|---|
| `BatchAction` | `batches retry`, `cancel`, `snooze`, `wake`, `pause` …; Pipeline | `list[Item]` |
| `ReadAgain` | `reset`, `quarantine retry`; Pipeline | `ReadAgainResult` |
| `RecordEdit` | `tasks`, `state import`, `state reconcile`, `journal`; Tasks, Journal | nothing |
| `RequestRole` | `roles run` | nothing |
| `Prune` | `prune` | `PruneCounts` |
| `FindSecrets` | `redact scan` | `list[StoredText]` |
| `ReadNow` | `ingest` beside an owner | `ReadReport` |
| `Rebuild` | `rebuild` beside an owner | `list[Rebuilt]` |
"""

import getpass
import uuid
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, ClassVar, Final, Generic, TypeVar

import msgspec
from msgspec import Struct, field
from msgspec.structs import force_setattr, replace

from ingest.batches.action import Item, Selection, Target, Verb
from ingest.text.redact import mask, mask_json

R = TypeVar("R")


def new_id() -> str:
    return uuid.uuid4().hex


def current_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "user"  # The system has no name for this user id.


class Action(Struct, Generic[R], frozen=True, kw_only=True, tag_field="action"):
    result: ClassVar[Any]
    """The type of the result, for decoding it: the same as `R`."""


class RecordedAction(Action[R], Generic[R], frozen=True, kw_only=True):
    """An action that the history shows, with who did it and why."""

    id: str = field(default_factory=new_id)
    actor: str = field(default_factory=current_user)
    reason: str | None = None

    def __post_init__(self) -> None:
        if self.reason:
            force_setattr(self, "reason", mask(self.reason))


class BatchAction(RecordedAction[list[Item]], frozen=True, kw_only=True, tag="batches"):
    """Changes the selected batches, or pauses or resumes the queue.

    The result has all batches that the action matched, and why some of them were skipped.
    """

    result: ClassVar[Any] = list[Item]
    verb: Verb
    selection: Selection = Selection()
    until: datetime | None = None
    """How long a snooze lasts."""
    dry_run: bool = False

    def confirmed(self, items: Iterable[Item]) -> "BatchAction":
        """The action on exactly these batches, even if others match its selection by now."""
        ids = tuple(item.batch for item in items)
        return replace(self, selection=Selection(ids=ids), dry_run=False)


class ReadAgainResult(Struct, frozen=True):
    targets: list[Target]
    facts: dict[str, int]
    """Number of rows that were (or would be) dropped, by table."""
    backup: str | None


class ReadAgain(RecordedAction[ReadAgainResult], frozen=True, kw_only=True, tag="read_again"):
    """Deletes the facts of the selected sources, so that their files are read again."""

    result: ClassVar[Any] = ReadAgainResult
    verb: Verb = Verb.RESET
    selection: Selection = Selection()
    sources: list[int] | None = None
    """If given, only these of the sources that the selection matches."""
    dry_run: bool = False


class RecordEdit(RecordedAction[None], frozen=True, kw_only=True, tag="edit"):
    """Records an edit of a task or a project, which the readers of the history apply."""

    result: ClassVar[Any] = None
    verb: str
    about: dict[str, Any]
    arguments: dict[str, Any] = {}

    def __post_init__(self) -> None:
        for name in ("about", "arguments", "reason"):
            force_setattr(self, name, mask_json(getattr(self, name)))


class RequestRole(Action[None], frozen=True, kw_only=True, tag="role"):
    """Queues a role on a session, or on a day of a project, if it is not queued yet."""

    result: ClassVar[Any] = None
    role: str
    batch: str
    source: int
    generation: int
    start: int
    finish: int
    home: str
    session: str
    """Empty if it is about a day."""
    project: str | None = None
    day: date | None = None


class OldSource(Struct, frozen=True):
    """An archived source before the date."""

    source: int
    path: str
    thread: str
    size: int
    why: str | None
    """Why its facts are kept; None if they are deleted."""


class PruneCounts(Struct):
    """Counts of what is deleted, and of old data that is kept."""

    before: datetime
    batches: int = 0
    moves: int = 0
    samples: int = 0
    runs: int = 0
    """Of the commands of roles."""
    sources: list[OldSource] = field(default_factory=list)
    facts: dict[str, int] = field(default_factory=dict)
    """By table."""
    kept: dict[str, int] = field(default_factory=dict)
    """Number of old batches that are kept, by reason."""

    @property
    def nothing(self) -> bool:
        return not (self.batches or self.moves or self.samples or self.runs or self.facts)


class Prune(RecordedAction[PruneCounts], frozen=True, kw_only=True, tag="prune"):
    """Deletes the history of old finished work, and old facts on request."""

    result: ClassVar[Any] = PruneCounts
    before: datetime
    facts: bool = False
    dry_run: bool = False


class StoredText(Struct, frozen=True):
    """The number of findings of one kind in one column."""

    table: str
    column: str
    kind: str
    count: int


class FindSecrets(Action[list[StoredText]], frozen=True, tag="find_secrets"):
    """Counts stored secrets and private text by kind and place. Changes nothing."""

    result: ClassVar[Any] = list[StoredText]


class RunReport(Struct):
    """Totals of an ingest run."""

    sources: int = 0
    bytes_read: int = 0
    lines: int = 0
    facts: int = 0
    rejected: int = 0
    batches: dict[str, int] = field(default_factory=dict)
    paused: str | None = None


class ReadReport(Struct, frozen=True):
    report: RunReport
    behind_bytes: int


class ReadNow(Action[ReadReport], frozen=True, tag="read_now"):
    """Reads everything that is new."""

    result: ClassVar[Any] = ReadReport


class Rebuilt(Struct, frozen=True):
    """What was derived again; without `rows` where the owner does it in the background."""

    what: str
    rows: int | None
    seconds: float | None


class Rebuild(Action[list[Rebuilt]], frozen=True, tag="rebuild"):
    """Has the owner derive again what is derived from the facts."""

    result: ClassVar[Any] = list[Rebuilt]
    what: list[str]
    """Of `REBUILDABLE`."""


REBUILDABLE: Final = ("sessions", "usage", "tasks", "search")


AnyAction = (
    BatchAction | ReadAgain | RecordEdit | RequestRole | Prune | FindSecrets | ReadNow | Rebuild
)
_decoder: msgspec.msgpack.Decoder[AnyAction] = msgspec.msgpack.Decoder(AnyAction)


def decode_action(data: msgspec.Raw) -> AnyAction:
    """Decode an action that a client sent; raises `msgspec.MsgspecError`."""
    return _decoder.decode(data)
