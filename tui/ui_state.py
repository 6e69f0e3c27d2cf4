"""What the dashboard remembers of a database between two runs: where one was, how one saw it.

A small file beside the database, for its owner only. One that cannot be read or written is as good
as none: nothing but comfort hangs on it.
"""

from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field

from ingest import log
from ingest.private_files import write_atomic
from tui.widgets.listing import View

_LARGEST = 256 * 1024


class ListPrefs(Struct):
    """How a list is seen."""

    sort: str = ""
    reverse: bool = False
    filter: str = ""
    folded: list[Any] = field(default_factory=list)
    """Keys that were opened or closed by hand."""

    def view(self) -> View:
        return View(self.sort, self.reverse, self.filter, frozenset(map(_hashable, self.folded)))


class UiState(Struct):
    screen: str = "board"
    theme: str = ""
    lists: dict[str, ListPrefs] = field(default_factory=dict)
    """By the name of the list."""
    choices: dict[str, str] = field(default_factory=dict)
    """Whatever else a screen likes to find again, by a name of its own."""


def liked(view: View) -> ListPrefs:
    return ListPrefs(view.sort, view.reverse, view.filter, list(view.folded))


def _hashable(key: Any) -> Any:
    """A key as it was: what was a tuple comes back as a list."""
    return tuple(map(_hashable, key)) if isinstance(key, list) else key


def beside(database: Path) -> Path:
    return database.with_name(f"{database.name}.dashboard.json")


def recall(database: Path) -> UiState:
    try:
        with beside(database).open("rb") as file:
            return msgspec.json.decode(file.read(_LARGEST), type=UiState)
    except FileNotFoundError:
        return UiState()
    except (OSError, msgspec.MsgspecError) as error:
        log.suppressed("Reading the state of the dashboard", error)
        return UiState()


def remember(database: Path, what: UiState) -> None:
    with log.suppress("Writing the state of the dashboard", OSError):
        write_atomic(beside(database), [msgspec.json.encode(what)])
