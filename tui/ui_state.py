"""What the dashboard remembers between two runs: the last screen, the theme, the view of each list.

It is a small file beside the database, readable by its owner only. If it cannot be read or written,
the dashboard starts with defaults.
"""

from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field

from ingest import log
from ingest.db import paths
from ingest.private_files import write_atomic
from tui.widgets.listing import ViewState

_MAX_BYTES = 256 * 1024


class ListPrefs(Struct):
    """The saved view of a list."""

    sort: str = ""
    reverse: bool = False
    filter: str = ""
    folded: list[Any] = field(default_factory=list)
    """Keys of rows that a person opened or closed."""
    flat: bool = False

    def view(self) -> ViewState:
        folded = frozenset(map(_hashable, self.folded))
        return ViewState(self.sort, self.reverse, self.filter, folded, self.flat)


class UiState(Struct):
    screen: str = "board"
    theme: str = ""
    team: bool = False
    """Whether the screens showed what the team shares."""
    lists: dict[str, ListPrefs] = field(default_factory=dict)
    """By `ListPane.prefs_name`."""
    seen: dict[str, str] = field(default_factory=dict)
    """What a person marked as seen: the last event of each session that needed them."""
    searches: list[str] = field(default_factory=list)
    """Saved searches, the newest first."""
    splits: dict[str, int] = field(default_factory=dict)
    """Percent of the width that the left pane of a screen has, by the name of its class."""


def list_prefs(view: ViewState) -> ListPrefs:
    return ListPrefs(view.sort, view.reverse, view.filter, list(view.folded), view.flat)


def _hashable(key: Any) -> Any:
    """A key as it was saved: JSON turns tuples into lists."""
    return tuple(map(_hashable, key)) if isinstance(key, list) else key


def state_file(database: Path) -> Path:
    return paths.beside(database, "dashboard.json")


def load_ui_state(database: Path) -> UiState:
    try:
        with state_file(database).open("rb") as file:
            return msgspec.json.decode(file.read(_MAX_BYTES), type=UiState)
    except FileNotFoundError:
        return UiState()
    except (OSError, msgspec.MsgspecError) as error:
        log.suppressed("Reading the state of the dashboard", error)
        return UiState()


def save_ui_state(database: Path, state: UiState) -> None:
    with log.suppress("Writing the state of the dashboard", OSError):
        write_atomic(state_file(database), [msgspec.json.encode(state)])
