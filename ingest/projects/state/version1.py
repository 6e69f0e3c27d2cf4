"""Reads state files of version 1, so that edits in a file that somebody has are not lost.

They have no edits of people and no sessions of items, so nothing is learnt from them but what a
person changed in the file: an item that is as it was written counts as unchanged, and every field
of one that is not counts as changed.
"""

from hashlib import blake2b
from typing import Any, Final

import msgspec

from ingest.projects.state.document import PROJECT, StateItem
from ingest.projects.state.items import written

VERSION_1: Final = "tailboard.project_state/1"
_DIGESTED: Final = ("state", "owner", "depends_on", "notes")


def upgrade(whole: dict[str, Any]) -> dict[str, Any]:
    """The document as one of the present version. Leaves what is wrong in it as it is."""
    for name in ("goals", "tasks"):
        items = whole.get(name)
        if isinstance(items, list):
            whole[name] = [_item(one) if isinstance(one, dict) else one for one in items]
    return {**whole, "schema": PROJECT}


def _item(item: dict[str, Any]) -> dict[str, Any]:
    rest = {name: value for name, value in item.items() if name not in ("mark", "session")}
    if "mark" in item and item["mark"] == _digest(rest):
        present = msgspec.convert(rest, StateItem)
        rest["written"] = msgspec.to_builtins(written(present))
    return rest


def _digest(item: dict[str, Any]) -> str | None:
    """The digest that version 1 wrote; None if the item is not valid."""
    try:
        present = msgspec.convert(item, StateItem)
    except msgspec.ValidationError:
        return None
    values = [*(getattr(present, name) for name in _DIGESTED), present.evidence]
    return blake2b(msgspec.json.encode(values), digest_size=4).hexdigest()
