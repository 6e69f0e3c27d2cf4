"""Made-up sessions of made-up machines, to try a team's store, and to measure it."""

import random
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from ingest.team import schema
from ingest.team.membership import Level, Membership, SharedProject
from ingest.team.postgres import Store
from ingest.team.push import push
from ingest.team.rows import (
    JournalRow,
    Portion,
    SessionRow,
    TaskRow,
    Unit,
    UsageRow,
    unit_id,
)

MACHINE: Final = "sample"
_NAMESPACE: Final = uuid.UUID("5b0f6f0e-6d0a-4d0c-9d3e-73174a11ba7d")
_PROJECTS: Final = ("parser", "website", "ledger")
_PEOPLE: Final = ("Anna", "Bert", "Chiara", "Dana", "Emil", "Fatima", "Goran", "Hana")
_VERBS: Final = ("Fix", "Test", "Document", "Rewrite", "Measure", "Review")
_THINGS: Final = ("the import command", "the date parser", "the login page", "the release notes",
                  "the search index", "the CSV reader")  # fmt: skip
_PORTION: Final = 500


def members(count: int, now: datetime) -> list[Membership]:
    """The same ids each time, so that seeding again adds nothing."""
    return [
        Membership(
            address="",
            installation=str(uuid.uuid5(_NAMESPACE, str(n))),
            name=_PEOPLE[n % len(_PEOPLE)],
            machine=MACHINE,
            joined_at=now,
        )
        for n in range(count)
    ]


def seed(store: Store, installations: int, sessions: int, now: datetime) -> int:
    """Store samples; return how many rows are new or changed."""
    added = 0
    for n, member in enumerate(members(installations, now)):
        with store.transaction():
            schema.check(store)
            store.run("members.join", id=member.installation, name=member.name, machine=MACHINE)
        for name in _PROJECTS:
            project = SharedProject(f"example.org/{name}", name, Level.PLAN, now)
            for portion in _portions(project, n, sessions, now):
                added += push(store, member, project, portion, []).added
    return added


def remove_samples(store: Store) -> int:
    """Delete all samples that this role may delete."""
    with store.transaction():
        schema.check(store)
        deleted = sum(
            store.run_on("seed.remove", table, machine=MACHINE).rowcount
            for table in ("tombstones", "sessions", "usage_days", "tasks", "journal_entries",
                          "memories", "projects")
        )  # fmt: skip
        store.run("seed.remove_installations", machine=MACHINE)
    return deleted


def _portions(project: SharedProject, n: int, sessions: int, now: datetime) -> Iterator[Portion]:
    at_project = _PROJECTS.index(project.label)
    numbers = range(at_project, sessions, len(_PROJECTS))
    for start in range(0, len(numbers), _PORTION):
        portion = Portion([])
        for number in numbers[start : start + _PORTION]:
            _add_session(portion, project, n, number, now)
        yield portion


def _add_session(
    portion: Portion, project: SharedProject, n: int, number: int, now: datetime
) -> None:
    chance = random.Random(f"{n}/{number}")  # noqa: S311 - made-up data, the same each time
    session = str(uuid.uuid5(_NAMESPACE, f"{n}/{number}"))
    began = now.replace(microsecond=0) - timedelta(minutes=17 * number + chance.randrange(15))
    ended = began + timedelta(minutes=chance.randrange(1, 40))
    title = f"{chance.choice(_VERBS)} {chance.choice(_THINGS)}"
    commands, steps = chance.randrange(40), chance.randrange(6)
    figures = {
        "input": chance.randrange(1_000, 200_000), "cached": chance.randrange(1_000),
        "output": chance.randrange(100, 20_000), "reasoning": chance.randrange(2_000),
    }  # fmt: skip
    total = figures["input"] + figures["output"]
    key = ("sample", session)
    unit = unit_id(project.id, *key)
    portion.units.append(Unit(*key))
    portion.add(unit, began, key, SessionRow(
        session=session, parent=None, state=chance.choice(("completed", "completed", "failed")),
        waits=False, started_at=began, last_at=ended, turns=chance.randrange(1, 9),
        failed_turns=0, commands=commands, failed_commands=commands // 9, plan_total=steps,
        plan_done=steps // 2, seconds=(ended - began).total_seconds(), total=total, model="sample",
        cli_version="0.0.0", title=title, branch="main", **figures,
    ))  # fmt: skip
    portion.add(unit, began, (*key, began.date(), "sample"), UsageRow(
        session=session, day=began.date(), model="sample", total=total, **figures,
    ))  # fmt: skip
    portion.add(unit, began, key, JournalRow(
        session=session, day=began.date(), at=ended, title=title,
        text=f"# {title}\n\n- {commands} commands, made up.\n",
    ))  # fmt: skip
    portion.add(unit, began, (*key, "task"), TaskRow(
        task=session[:10], text=title, state=chance.choice(("done", "ready", "in_progress")),
        origin="plan", ready=False, current=True, session=session, branch="main", owner=None,
        started_at=began, ended_at=None,
    ))  # fmt: skip
