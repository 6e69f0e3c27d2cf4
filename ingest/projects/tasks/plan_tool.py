"""Codex's plan tool: whether it is on, and how to switch it on. Off by default since 0.152."""

import re
import tomllib
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from ingest.tail.errors import SourceError
from ingest.tail.opening import open_source
from ingest.tail.source import Representation

OFF_SINCE: Final = (0, 152)
SWITCH_ON: Final = "tools.update_plan.enabled = true"
"""What Codex's config.toml has to say, before its first table."""
_SWITCH: Final = ("tools", "update_plan", "enabled")
MAX_SESSIONS: Final = 20
"""Sessions: what older ones show may have been changed since."""
_CONFIG_CAP: Final = 1024 * 1024


def on_by_default(codex: str | None) -> bool | None:
    """Whether this version of Codex has the plan tool on; None where that cannot be told."""
    numbers = re.match(r"(\d+)\.(\d+)", codex or "")
    return (int(numbers[1]), int(numbers[2])) < OFF_SINCE if numbers else None


class SessionEvidence(NamedTuple):
    """What one session shows of the tool."""

    codex: str | None
    planned: bool
    """Whether Codex took a plan in it."""
    refused: bool


def is_enabled(sessions: Iterable[SessionEvidence]) -> bool | None:
    """Whether the tool is on, as sessions show, the newest first; None where that cannot be told.

    A session without a plan shows nothing: it may have needed none. So the newest that asked for
    one tells, unless the tool was on by default then and is not now, or the other way round; where
    none did, the version of the newest tells.
    """
    newest: SessionEvidence | None = None
    for one in islice(sessions, MAX_SESSIONS):
        newest = newest or one
        same = on_by_default(one.codex) is on_by_default(newest.codex)
        if same and (one.planned or one.refused):
            return one.planned
    return on_by_default(newest.codex) if newest else None


def config_path(home: Path) -> Path:
    """Codex's settings."""
    return home / "config.toml"


def configured(home: Path) -> tuple[bool | None, str]:
    """What Codex's settings say of its plan tool, and why that cannot be told."""
    try:
        with open_source(config_path(home), Representation.PLAIN) as reader:
            end = reader.end()
            text = reader.read_at(0, min(end, _CONFIG_CAP)) if end else b""
        table: object = tomllib.loads(text.decode("utf-8"))
    except SourceError as error:
        return None, "" if error.code.endswith("missing") else error.sentence
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return None, f"It is not understood ({error})."
    for key in _SWITCH:
        table = table.get(key) if isinstance(table, dict) else None
    return (table if isinstance(table, bool) else None), ""


def hint(homes: Iterable[Path]) -> str | None:
    """What to do where a session shows that it is off; None where that was done since."""
    if any(configured(home)[0] for home in homes):
        return None
    return (
        "Codex's plan tool is off, so sessions write no plan. "
        f"Put this at the top of Codex's config.toml: {SWITCH_ON}"
    )
