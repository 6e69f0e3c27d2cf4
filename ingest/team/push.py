"""Writes what is shared into the team's store: each portion is one transaction.

Rows go through `COPY` into a staging table; of each unit, what is no longer among them is deleted
and what is new is added, so sending the same rows again changes nothing, and after a transaction of
which the end is unknown the next one completes it.
"""

import uuid
from typing import Final

from msgspec import Struct

from ingest.errors import StoreRefused
from ingest.projects.identity import is_remote
from ingest.team import schema
from ingest.team.membership import Membership, SharedProject
from ingest.team.postgres import Store
from ingest.team.rows import (
    COLUMNS,
    NOUNS,
    GoneUnit,
    Portion,
    clean,
    project_id,
    unit_id,
)

_PLACES: Final = ("tombstones", *NOUNS)


class Pushed(Struct, frozen=True):
    """What a transaction changed there."""

    added: int = 0
    deleted: int = 0


def push(
    store: Store,
    membership: Membership,
    project: SharedProject,
    portion: Portion,
    gone: list[GoneUnit],
) -> Pushed:
    installation = uuid.UUID(membership.installation)
    there = project_id(membership, project.id)
    values = {"installation": installation, "project": there}
    units = [unit_id(project.id, unit.home, unit.session) for unit in portion.units]
    left = [unit_id(project.id, unit.home, unit.session) for unit in gone]
    added = deleted = 0
    with store.transaction():
        check(store, membership)
        named = project.level.has_plan and is_remote(project.id)
        is_new = store.run(
            "push.project",
            installation=installation,
            id=there,
            name=clean(project.label),
            level=project.level.value,
            visibility=project.visibility,
            repo=clean(project.id) if named else None,
        )
        if is_new:
            for noun in NOUNS:
                store.run_on("push.set_visibility", noun, visibility=project.visibility, **values)
        empty: dict[str, object] = {}
        for noun in NOUNS:
            rows, columns = portion.rows[noun], COLUMNS[noun]
            empty[noun] = not rows
            if rows:
                store.run_on("push.stage", noun, columns)
                store.copy(noun, columns, (row.values(installation, there) for row in rows))
                deleted += store.run_on(
                    "push.drop_changed", noun, units=units, installation=installation
                ).rowcount
                added += store.run_on(
                    "push.add", noun, columns, visibility=project.visibility
                ).rowcount
        found = store.rows("push.drop_units", units=units, left=left, **empty, **values)
        deleted += found[0]["deleted"]
        if left:
            reasons = [unit.reason for unit in gone]
            store.run("push.add_tombstones", units=left, reasons=reasons, **values)
    return Pushed(added, deleted)


def withdraw(store: Store, membership: Membership, project: SharedProject) -> Pushed:
    """Delete everything of this installation about a project."""
    values = {
        "installation": uuid.UUID(membership.installation),
        "project": project_id(membership, project.id),
    }
    with store.transaction():
        check(store, membership)
        deleted = sum(store.run_on("push.withdraw", noun, **values).rowcount for noun in _PLACES)
        store.run("push.withdraw_project", **values)
    return Pushed(0, deleted)


def check(store: Store, membership: Membership) -> None:
    """Raise unless this installation may write. Call inside a transaction."""
    schema.check(store)
    if store.first_row("members.mine", id=membership.installation) is None:
        raise StoreRefused(
            "This installation is not registered in the team's store by your role.",
            "`tailboard team join URL` registers it.",
            code="team.unregistered",
        )
