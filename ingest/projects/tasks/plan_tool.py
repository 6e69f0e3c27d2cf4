"""Codex's plan tool: whether it is on, and how to switch it on. Off by default since 0.152."""

import re
import tomllib
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from ingest.errors import SourceError
from ingest.tail.opening import open_source
from ingest.tail.source import Representation

OFF_SINCE: Final = (0, 152)
SWITCH_ON: Final = "tools.update_plan.enabled = true"
"""The line for Codex's config.toml, before its first table."""
_SWITCH: Final = ("tools", "update_plan", "enabled")
MAX_SESSIONS: Final = 20
"""Only the newest sessions count: the setting may have changed since older ones."""
_CONFIG_CAP: Final = 1024 * 1024


def on_by_default(codex: str | None) -> bool | None:
    """Whether the plan tool is on by default in this version of Codex; None if unknown."""
    numbers = re.match(r"(\d+)\.(\d+)", codex or "")
    return (int(numbers[1]), int(numbers[2])) < OFF_SINCE if numbers else None


class SessionEvidence(NamedTuple):
    """What one session shows about the plan tool."""

    codex: str | None
    planned: bool
    """Whether Codex accepted a plan in it."""
    refused: bool


def is_enabled(sessions: Iterable[SessionEvidence]) -> bool | None:
    """Whether the plan tool is on, judged by sessions, the newest first; None if unknown.

    A session without a plan shows nothing: it may have needed none. The newest session that used
    the tool decides, unless the default has changed since its version. If none used it, the
    default of the newest session's version decides.
    """
    newest: SessionEvidence | None = None
    for session in islice(sessions, MAX_SESSIONS):
        newest = newest or session
        same = on_by_default(session.codex) is on_by_default(newest.codex)
        if same and (session.planned or session.refused):
            return session.planned
    return on_by_default(newest.codex) if newest else None


def config_path(home: Path) -> Path:
    return home / "config.toml"


def configured(home: Path) -> tuple[bool | None, str]:
    """The value of the plan tool's setting, or None, and why it could not be read."""
    try:
        with open_source(config_path(home), Representation.PLAIN) as reader:
            end = reader.end()
            text = reader.read_at(0, min(end, _CONFIG_CAP)) if end else b""
        table: object = tomllib.loads(text.decode("utf-8"))
    except SourceError as error:
        return None, "" if error.code.endswith("missing") else error.message
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return None, f"It is not valid TOML ({error})."
    for key in _SWITCH:
        table = table.get(key) if isinstance(table, dict) else None
    return (table if isinstance(table, bool) else None), ""


def hint(homes: Iterable[Path]) -> str | None:
    """How to switch the plan tool on; None if the configuration already does."""
    if any(configured(home)[0] for home in homes):
        return None
    return (
        "Codex's plan tool is off, so sessions write no plan. "
        f"Put this at the top of Codex's config.toml: {SWITCH_ON}"
    )
