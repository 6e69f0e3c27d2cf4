"""`tailboard support-bundle`: what a maintainer needs to know, without any contents.

Versions, counts, error codes and the results of the checks. No text of a session, no command, no
name, no id; paths are placeholders.
"""

import json
import os
import platform
import secrets
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

import click
from msgspec.structs import asdict

from ingest.cli.access import open_for_reading
from ingest.cli.anonymize import Anonymizer, word
from ingest.cli.commands.doctor import examine
from ingest.cli.document import plain
from ingest.cli.group import Command
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.output import Output
from ingest.cli.versions import versions
from ingest.db.query_reader import QueryReader, Row
from ingest.errors import DatabaseError, FolderUnwritable
from ingest.exit_codes import Exit
from ingest.private_files import create
from ingest.text.numbers import size

_COUNTS: Final = ("tables", "sources", "batches", "rejects", "sessions", "orders")
_TERMINAL: Final = ("TERM", "COLORTERM", "LANG", "LC_ALL", "NO_COLOR", "TAILBOARD_ASCII", "TMUX")
_SAID_ELSEWHERE: Final = "record kinds"


@click.command(cls=Command)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write to this file, which must not exist.",
)
@with_invocation
def command(invocation: Invocation, out: Path | None) -> int:
    """Prints one JSON document to attach to a bug report. Read it before you send it."""
    body = plain(_bundle(invocation))
    text = json.dumps(body, indent=2) + "\n"
    if out is None:
        invocation.answer("support-bundle", {"bundle": body}, lambda output: output.text(text))
        return Exit.DONE
    _write(out, text)

    def show(output: Output) -> None:
        output.line(f"Wrote {size(len(text))} to {out}. Read the file before you send it.")

    invocation.answer("support-bundle.file", {"path": out, "bytes": len(text)}, show)
    return Exit.DONE


def _write(path: Path, text: str) -> None:
    try:
        with create(path) as file:
            file.write(text.encode())
    except OSError as error:
        raise FolderUnwritable(
            f"{path} cannot be written: {error.strerror or error}.",
            "Name another file with --out.",
        ) from error


def _bundle(invocation: Invocation) -> dict[str, object]:
    settings = invocation.settings
    known = [*settings.codex_homes, settings.db, settings.db.parent, Path.home()]
    mask = Anonymizer(secrets.token_bytes(16), known)
    checks = [
        {"name": check.name, "ok": check.ok, "detail": mask.text(check.detail)}
        for check in examine(invocation)
        if check.name != _SAID_ELSEWHERE
    ]
    return {
        "versions": versions(),
        "system": {"system": platform.system(), "release": platform.release()}
        | {"machine": platform.machine(), "cores": os.cpu_count()},
        "terminal": {name: word(invocation.env.get(name)) for name in _TERMINAL},
        "settings": _settings(invocation, mask),
        "checks": checks,
        "counts": _counted(invocation),
    }


def _settings(invocation: Invocation, mask: Anonymizer) -> dict[str, object]:
    """Each setting's value and origin, without paths and commands."""
    return {
        name: {"value": _masked(value, mask), "source": invocation.loaded.origins[name].source}
        for name, value in asdict(invocation.settings).items()
    }


def _masked(value: object, mask: Anonymizer) -> object:
    match value:
        case Path():
            return mask.path(value)
        case tuple():
            return [mask.path(item) for item in value]
        case _:
            return value


def _counted(invocation: Invocation) -> Mapping[str, object]:
    since = invocation.now - timedelta(days=1)
    try:
        with open_for_reading(invocation) as access:
            counted: dict[str, object] = {
                name: _words(access.rows(f"bundle.{name}")) for name in _COUNTS
            }
            counted["kinds_nobody_knows"] = _words(access.rows("status.kinds"))
            counted["pauses"] = [word(row["code"]) for row in access.rows("status.pauses")]
            counted["problems"] = _problems(access)
            counted["last_day"] = access.first_row("bundle.samples", since=since)
    except DatabaseError as error:
        return {"error": error.code}
    return counted


def _words(rows: list[Row]) -> list[Row]:
    return [{name: word(value) for name, value in row.items()} for row in rows]


def _problems(access: QueryReader) -> dict[str, int]:
    codes = [str(word(row["code"])) for row in access.rows("status.problems")]
    return {code: codes.count(code) for code in sorted(set(codes))}
