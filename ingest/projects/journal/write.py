"""Renders journals and writes them to files, keeping what else a file contains."""

import json
from datetime import date, datetime, tzinfo
from enum import StrEnum
from pathlib import Path

import msgspec
from msgspec import Struct

from ingest.errors import ErrorClass, ProjectError, TargetUnwritable
from ingest.projects import safe_export
from ingest.projects.journal.blocks import OURS, html, markdown
from ingest.projects.journal.marked_block import replace_block
from ingest.projects.journal.model import Journal
from ingest.projects.journal.page import page
from ingest.text.times import json_time

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


def render(journal: Journal, form: JournalFormat, zone: tzinfo | None) -> str:
    match form:
        case JournalFormat.MARKDOWN:
            return markdown(page(journal, zone))
        case JournalFormat.HTML:
            return html(journal.title, page(journal, zone))
        case JournalFormat.JSON:
            document = {
                "schema": SCHEMA,
                "journal": msgspec.to_builtins(journal, builtin_types=TIMES),
            }
            return json.dumps(document, indent=2, default=json_time) + "\n"


TIMES = (datetime,)


def default_path(journal: Journal, form: JournalFormat) -> Path:
    """The path of a journal, relative to the folder of the database."""
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
    """Write the journal to `path`, under the folder `below`. Markdown replaces only Tailboard's
    block in the file."""
    text = render(journal, form, zone)
    existing = _read(path)
    before = after = ""
    if form is JournalFormat.MARKDOWN:
        before, text, after = replace_block(existing or "", text, str(path))
    elif existing is not None and not _ours(existing):
        raise _not_ours(f"{path} exists and was not written by Tailboard.")
    if f"{before}{text}{after}" != existing:
        safe_export.write(path, text, below=below, replace=True, before=before, after=after)
    return WrittenJournal(path, len(journal.entries), journal.redacted)


def _not_ours(message: str) -> ProjectError:
    return ProjectError(
        f"{message} Nothing was written.",
        "Choose another file with --out.",
        code="journal.not_ours",
        kind=ErrorClass.DATA,
    )


def _ours(existing: str) -> bool:
    return OURS in existing or f'"schema": "{SCHEMA}"' in existing[:200]


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise _not_ours(f"{path} is not UTF-8 text (byte {error.start}).") from error
    except OSError as error:
        raise TargetUnwritable(path, error) from error
