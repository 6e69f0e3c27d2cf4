"""What a role is given: facts of a session, or of a day of a project, as one JSON document.

The document is masked once more, because a command may send it to another machine. With a budget,
the oldest facts are left out until it fits, and it says how many were left out.
"""

import hashlib
from datetime import date, tzinfo
from typing import Any, Final

import msgspec
from msgspec import Struct

from ingest.db.database import Database
from ingest.db.query_reader import Row
from ingest.projects.journal import build
from ingest.projects.journal.model import Journal
from ingest.projects.journal.write import JournalFormat, render
from ingest.role_settings import OBSERVE, Fact, Role
from ingest.text.redact import mask_json

SCHEMA: Final = "tailboard.role-facts/1"
OBSERVE_SCHEMA: Final = "tailboard.observe/1"
_ROWS: Final = 500
_CHARS: Final = 4_000
_JOURNAL_TURNS: Final = 20

Facts = dict[str, Any]


class RoleInput(Struct, frozen=True):
    document: bytes
    turn: int
    """The newest turn in it; 0 if it is about a day."""
    hash: str
    """Of the document and of what the role runs: the same input is not given twice."""


def role_input(database: Database, role: Role, found: Row, zone: tzinfo | None) -> RoleInput | None:
    """The input of the role for what a batch is about; None if nothing happened on the day."""
    head: Facts = {
        "schema": OBSERVE_SCHEMA if role.name == OBSERVE else SCHEMA,
        "untrusted": True,
    }
    turn = 0
    if found["day"] is not None:
        facts = _day_facts(database, role, found["project"], found["day"], zone)
        if facts is None:
            return None
        head |= {"project": _label(database, found["project"]), "day": found["day"].isoformat()}
    else:
        home, session = found["home"], found["session"]
        head["session"] = database.first_row("roles.session", home=home, session=session)
        facts, turn = _session_facts(database, role, home, session, zone)
    document = fit(mask_json(msgspec.to_builtins({**head, **facts})), role.scope_chars)
    digest = hashlib.blake2b(document, digest_size=16, key=command_hash(role).encode())
    return RoleInput(document, turn, digest.hexdigest())


def command_hash(role: Role) -> str:
    """Changes with what the role runs: its command, its prompt and what it writes."""
    what = msgspec.json.encode([role.command, role.options, role.prompt, role.writes])
    return hashlib.blake2b(what, digest_size=8).hexdigest()


def fit(document: Facts, chars: int | None) -> bytes:
    """The document as JSON, without the oldest entries of its longest lists if it is too long."""
    data = msgspec.json.encode(document)
    if chars is None or len(data) <= chars:
        return data
    lists = {name: value for name, value in document.items() if isinstance(value, list)}
    sizes = {
        name: [len(msgspec.json.encode(entry)) + 1 for entry in value]
        for name, value in lists.items()
    }
    totals = {name: sum(each) for name, each in sizes.items()}
    left_out = dict.fromkeys(lists, 0)
    # What says how much was left out takes some room itself.
    excess = len(data) - chars + len(msgspec.json.encode({"left_out": left_out})) + 8 * len(lists)
    while excess > 0 and any(totals.values()):
        longest = max(totals, key=lambda name: totals[name])
        size = sizes[longest][left_out[longest]]
        left_out[longest] += 1
        totals[longest] -= size
        excess -= size
    shortened = {name: value[left_out[name] :] for name, value in lists.items()}
    counts = {name: count for name, count in left_out.items() if count}
    return msgspec.json.encode({**document, **shortened, "left_out": counts})


def _session_facts(
    database: Database, role: Role, home: str, session: str, zone: tzinfo | None
) -> tuple[Facts, int]:
    key: dict[str, object] = {"home": home, "session": session}
    newest = database.rows("roles.turns", limit=_ROWS, **key)
    facts: Facts = {}
    for fact in role.scope:
        match fact:
            case Fact.TURNS:
                facts["turns"] = newest[::-1]
            case Fact.MESSAGES | Fact.CALLS:
                rows = database.rows(f"roles.{fact}", limit=_ROWS, chars=_CHARS, **key)
                facts[str(fact)] = rows[::-1]
            case Fact.FILES:
                facts["files"] = database.rows("roles.files", limit=_ROWS, **key)[::-1]
            case Fact.PLAN:
                facts["plan"] = database.rows("roles.steps", **key)
            case Fact.TASKS:
                project = database.first_row("roles.project_of", **key)
                facts["tasks"] = _tasks(database, project["id"] if project else None)
            case Fact.JOURNAL:
                rules = build.journal_rules(zone, _JOURNAL_TURNS)
                facts["journal"] = _lines(build.session_journal(database, session, rules), zone)
    return facts, newest[0]["n"] if newest else 0


def _day_facts(
    database: Database, role: Role, project: str, day: date, zone: tzinfo | None
) -> Facts | None:
    rules = build.journal_rules(zone, _JOURNAL_TURNS)
    journal = build.day_journal(database, day, rules, _label(database, project))
    if not journal.entries:
        return None
    facts: Facts = {}
    if Fact.JOURNAL in role.scope:
        facts["journal"] = _lines(journal, zone)
    if Fact.TASKS in role.scope:
        facts["tasks"] = _tasks(database, project)
    return facts


def _label(database: Database, project: str) -> str:
    row = database.first_row("roles.project", project=project)
    return row["label"] if row else project


def _tasks(database: Database, project: str | None) -> list[Row]:
    return database.rows("roles.tasks", project=project)


def _lines(journal: Journal, zone: tzinfo | None) -> list[str]:
    return render(journal, JournalFormat.MARKDOWN, zone).splitlines()
