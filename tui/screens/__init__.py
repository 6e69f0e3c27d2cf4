"""The six screens. Each is made, and its module imported, when it is first shown."""

import importlib
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from textual.screen import Screen

_WHERE: Final = {
    "board": ("tui.screens.board", "BoardScreen"),
    "tasks": ("tui.screens.tasks", "TasksScreen"),
    "pipeline": ("tui.screens.pipeline", "PipelineScreen"),
    "journal": ("tui.screens.journal", "JournalScreen"),
    "search": ("tui.screens.search", "SearchScreen"),
    "insights": ("tui.screens.insights", "InsightsScreen"),
}
"""A line a screen: where its class is."""


def _made(place: str) -> Screen[Any]:
    module, name = _WHERE[place]
    screen: Screen[Any] = getattr(importlib.import_module(module), name)()
    return screen


MODES: Final[dict[str, str | Callable[[], Screen[Any]]]] = {
    place: partial(_made, place) for place in _WHERE
}
