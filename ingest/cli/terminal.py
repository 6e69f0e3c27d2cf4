"""Whether this terminal can show the dashboard.

Decided by the environment variables: a terminal cannot be queried without writing to it.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from ingest.cli.checks import Check
from ingest.cli.dashboard import DUMB

LEAST: Final = (60, 15)
"""Columns and rows the dashboard needs."""
COMFORT: Final = (80, 24)
_NAME: Final = "terminal"


class Window(NamedTuple):
    columns: int
    rows: int
    encoding: str


def check(env: Mapping[str, str], window: Window | None) -> Check:
    if window is None:
        return Check(_NAME, True, "Not checked: the output is not a terminal.")
    term = env.get("TERM", "")
    shown = f"{term or 'no TERM'}, {window.columns} × {window.rows}, {_colours(env, term)}"
    if term in DUMB:
        cure = "Set TERM to the type of your terminal, or use `tailboard status`."
        return Check(_NAME, False, f"It cannot position text ({shown}).", cure)
    if window.columns < LEAST[0] or window.rows < LEAST[1]:
        cure = f"Make the window {LEAST[0]} × {LEAST[1]} or larger; {_comfort()} is comfortable."
        return Check(_NAME, False, f"It is too small for the dashboard ({shown}).", cure)
    if not window.encoding.lower().replace("-", "").startswith("utf"):
        cure = "Symbols are drawn in ASCII. For Unicode: export LC_ALL=C.UTF-8"
        return Check(_NAME, True, f"{shown}, {window.encoding}", cure)
    if window.columns < COMFORT[0] or window.rows < COMFORT[1]:
        return Check(_NAME, True, shown, f"It is small: {_comfort()} is comfortable.")
    return Check(_NAME, True, shown)


def _comfort() -> str:
    return f"{COMFORT[0]} × {COMFORT[1]}"


def _colours(env: Mapping[str, str], term: str) -> str:
    if env.get("NO_COLOR"):
        return "no colours (NO_COLOR)"
    if env.get("COLORTERM") in ("truecolor", "24bit"):
        return "all colours"
    return "256 colours" if "256" in term else "16 colours at most"
