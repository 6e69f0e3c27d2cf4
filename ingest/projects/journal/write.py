"""Renders journals and writes them to files, keeping what else a file contains."""

import json
from collections.abc import Iterator
from datetime import date, datetime, tzinfo
from enum import StrEnum
from pathlib import Path
from textwrap import indent
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from ingest.errors import ErrorClass, ProjectError, TargetUnwritable
from ingest.projects import safe_export
from ingest.projects.journal.blocks import OURS, html, markdown
from ingest.projects.journal.marked_block import replace_block
from ingest.projects.journal.model import Journal
from ingest.projects.journal.page import page
from ingest.text.times import json_time

SCHEMA = "tailboard.journal/1"
_HEAD: Final = 200
"""Bytes of a file in which the schema is looked for."""


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
    return "".join(parts(journal, form, zone))


def parts(journal: Journal, form: JournalFormat, zone: tzinfo | None) -> Iterator[str]:
    """The journal in parts of whole lines. Only JSON has all of each session, one part for each."""
    match form:
        case JournalFormat.MARKDOWN:
            yield markdown(page(journal, zone))
        case JournalFormat.HTML:
            yield html(journal.title, page(journal, zone))
        case JournalFormat.JSON:
            document = {
                "schema": SCHEMA,
                "journal": msgspec.to_builtins(replace(journal, entries=[]), builtin_types=TIMES),
            }
            before, between, after = _json(document).partition('"entries": []')
            count = len(journal.entries)
            yield f"{before}{between}{after}\n" if not count else f"{before}{between[:-1]}\n"
            for number, entry in enumerate(journal.entries, 1):
                text = _json(msgspec.to_builtins(entry, builtin_types=TIMES))
                yield f"{indent(text, ' ' * 6)}{',' if number < count else ''}\n"
            if count:
                yield f"    ]{after}\n"


def _json(value: object) -> str:
    return json.dumps(value, indent=2, default=json_time)


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
    if form is JournalFormat.JSON:
        _write_json(journal, path, zone, below)
        return WrittenJournal(path, len(journal.entries), journal.redacted)
    text = render(journal, form, zone)
    existing = _read(path)
    before = after = ""
    if form is JournalFormat.MARKDOWN:
        before, text, after = replace_block(existing or "", text, str(path))
    elif existing is not None and OURS not in existing:
        raise _foreign(path)
    if f"{before}{text}{after}" != existing:
        safe_export.write(path, text, below=below, replace=True, before=before, after=after)
    return WrittenJournal(path, len(journal.entries), journal.redacted)


def _write_json(journal: Journal, path: Path, zone: tzinfo | None, below: Path) -> None:
    """Part by part: it has all of each session."""
    same = False
    try:
        with path.open("rb") as file:
            if f'"schema": "{SCHEMA}"'.encode() not in file.read(_HEAD):
                raise _foreign(path)
            file.seek(0)
            written = (part.encode() for part in parts(journal, JournalFormat.JSON, zone))
            same = all(file.read(len(part)) == part for part in written) and not file.read(1)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise TargetUnwritable(path, error) from error
    if not same:
        text = parts(journal, JournalFormat.JSON, zone)
        safe_export.write(path, text, below=below, replace=True)


def _foreign(path: Path) -> ProjectError:
    return _not_ours(f"{path} exists and was not written by Tailboard.")


def _not_ours(message: str) -> ProjectError:
    return ProjectError(
        f"{message} Nothing was written.",
        "Choose another file with --out.",
        code="journal.not_ours",
        kind=ErrorClass.DATA,
    )


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise _not_ours(f"{path} is not UTF-8 text (byte {error.start}).") from error
    except OSError as error:
        raise TargetUnwritable(path, error) from error
