"""Journals as files: which form, where to, and what of a file that is there already stays."""

import json
from datetime import UTC, date, datetime, tzinfo
from enum import StrEnum
from pathlib import Path

import msgspec
from msgspec import Struct

from ingest.projects import safe_export
from ingest.projects.journal.blocks import OURS, html, markdown
from ingest.projects.journal.marked_block import replace_block
from ingest.projects.journal.model import Journal
from ingest.projects.journal.page import page
from ingest.sessions.errors import Problem

SCHEMA = "tailboard.journal/1"


class JournalFormat(StrEnum):
    MARKDOWN = "md"
    JSON = "json"
    HTML = "html"


class WrittenJournal(Struct, frozen=True):
    """The fields of `journal --json`, in their order."""

    path: Path
    sessions: int
    redacted: int


class NotOurs(Problem):
    """What is there was not written by Tailboard."""

    code = "journal.not_ours"
    error_class = "data"


def render(journal: Journal, form: JournalFormat, zone: tzinfo | None) -> str:
    """The same journal gives the same text."""
    match form:
        case JournalFormat.MARKDOWN:
            return markdown(page(journal, zone))
        case JournalFormat.HTML:
            return html(journal.title, page(journal, zone))
        case JournalFormat.JSON:
            told = {"schema": SCHEMA, "journal": msgspec.to_builtins(journal, builtin_types=TIMES)}
            return json.dumps(told, indent=2, default=_utc) + "\n"


TIMES = (datetime,)


def _utc(moment: object) -> str:
    if not isinstance(moment, datetime):
        raise TypeError(type(moment))
    return moment.replace(tzinfo=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def default_path(journal: Journal, form: JournalFormat) -> Path:
    """Where a journal lies, seen from the folder of the database."""
    project = safe_export.safe_name(journal.project or "all-projects")
    name = "journal" if journal.kind == "project" else journal.name
    if journal.kind == "session":
        entry = journal.entries[0]
        began = f"{entry.started_at:%Y-%m-%dT%H-%M-%S}" if entry.started_at else "undated"
        name = f"{began}_{journal.name[:13]}"
    return Path("journals", project, safe_export.safe_name(f"{name}.{form}"))


def day_file(folder: Path, day: date) -> Path:
    return folder / f"{day}.md"


def write(
    journal: Journal, path: Path, form: JournalFormat, zone: tzinfo | None, *, below: Path
) -> WrittenJournal:
    """Write it to its file, under the folder `below`. Markdown goes into our block; what else the
    file holds stays."""
    text = render(journal, form, zone)
    there = _read(path)
    before = after = ""
    if form is JournalFormat.MARKDOWN:
        before, text, after = replace_block(there or "", text, str(path))
    elif there is not None and not _ours(there):
        raise NotOurs(
            f"{path} is there already, and was not written by Tailboard. Nothing was written.",
            "Name another file with --out.",
        )
    if f"{before}{text}{after}" != there:
        safe_export.write(path, text, below=below, replace=True, before=before, after=after)
    return WrittenJournal(path, len(journal.entries), journal.redacted)


def _ours(there: str) -> bool:
    return OURS in there or f'"schema": "{SCHEMA}"' in there[:200]


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise NotOurs(
            f"{path} is no text in UTF-8 (byte {error.start}). Nothing was written.",
            "Name another file with --out.",
        ) from error
    except OSError as error:
        raise safe_export.TargetUnwritable(path, error) from error
