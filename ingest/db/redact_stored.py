"""Finds secrets and private text in stored data, and masks them for good.

New data is masked before it is stored; this is for data that older versions stored, and for kinds
of secrets that were unknown then. A scan returns only counts by kind and place, never the text.
After masking, the file is rewritten, so that the old bytes are gone.
"""

import base64
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from ingest.actions import StoredText
from ingest.db import derived_rows, search_changes
from ingest.db.backup import rewrite
from ingest.db.database import Database
from ingest.db.edit_log import EditLog, LoggedEdit
from ingest.text.redact import count_by_kind, mask, mask_json

EDITS: Final = "edits.jsonl"
_EXCLUDED: Final = frozenset({"homes", "sources", "schema_migrations", "properties"})
"""Tables of paths and of the program's own values, without text from logs."""
_BASE64: Final = frozenset({("rejects", "head"), ("rejects", "tail")})
_JSON: Final = frozenset({("cursors", "state"), ("segments", "kinds")})
_FETCH_ROWS: Final = 256

Masking = Callable[[str], str]


def scan(database: Database) -> list[StoredText]:
    """Count findings by table, column and kind, without changes. Any thread may call this."""
    return database.with_memory_retry(lambda: _scan(database))


def _scan(database: Database) -> list[StoredText]:
    findings: list[StoredText] = []
    for table, column, masking in _columns(database):
        counts: Counter[str] = Counter()
        for _, text in _values_to_mask(database, table, column, masking):
            counts.update(count_by_kind(_plain(table, column, text)) or {"nested": 1})
        findings += [StoredText(table, column, kind, n) for kind, n in sorted(counts.items())]
    counts = Counter()
    homes = {row["id"] for row in database.rows("registry.homes")}
    for edit in EditLog(database.path).read(homes):
        counts.update(count_by_kind(msgspec.json.encode(edit).decode()))
    return findings + [StoredText(EDITS, "", kind, n) for kind, n in sorted(counts.items())]


def redact(database: Database) -> int:
    """Mask all findings and rewrite the file; return the number of changed values.

    No other process or thread may use the database.
    """
    changed = database.with_memory_retry(lambda: _mask_tables(database))
    changed += _mask_edits(database)
    rewrite(database)
    return changed


def _mask_tables(database: Database) -> int:
    changed = 0
    with database.transaction():
        for table, column, masking in _columns(database):
            for rowid, text in list(_values_to_mask(database, table, column, masking)):
                # Table and column names come from the schema, never from data.
                database.execute(
                    f'update "{table}" set "{column}" = $text where rowid = $rowid',  # noqa: S608
                    {"text": masking(text), "rowid": rowid},
                )
                changed += 1
        if changed:
            for derive in derived_rows.REBUILD.values():
                derive(database)
            search_changes.discard_index(database)
            database.run("team.send_again")
    if changed:
        search_changes.remove_index(database.path)
    return changed


def _columns(database: Database) -> Iterator[tuple[str, str, Masking]]:
    """Yield every column that may contain text of a log, with the function that masks it."""
    con = database.reader()
    tables = {
        name
        for (name,) in con.execute(
            "select table_name from duckdb_tables() where not internal and not temporary"
        ).fetchall()
    }
    for table in sorted(tables - _EXCLUDED):
        for column, kind in database.columns(table):
            if (table, column) in _BASE64:
                yield table, column, _mask_base64
            elif kind == "JSON" or (table, column) in _JSON:
                yield table, column, _mask_json
            elif kind == "VARCHAR":
                yield table, column, mask


def _values_to_mask(
    database: Database, table: str, column: str, masking: Masking
) -> Iterator[tuple[int, str]]:
    result = database.reader().execute(
        f'select rowid, "{column}"::varchar from "{table}" where "{column}" is not null'  # noqa: S608
    )
    while rows := result.fetchmany(_FETCH_ROWS):
        for rowid, text in rows:
            if masking(text) != text:
                yield rowid, text


def _plain(table: str, column: str, text: str) -> str:
    return _decode_base64(text) if (table, column) in _BASE64 else text


def _decode_base64(text: str) -> str:
    return base64.b64decode(text).decode("latin-1")


def _mask_base64(text: str) -> str:
    plain = _decode_base64(text)
    masked = mask(plain)
    return text if masked == plain else base64.b64encode(masked.encode("latin-1")).decode("ascii")


def _mask_json(text: str) -> str:
    try:
        value: Any = msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        return mask(text)
    masked = mask_json(value)
    return text if masked == value else msgspec.json.encode(masked).decode()


def _mask_edits(database: Database) -> int:
    """Mask the edit log line by line, including lines that cannot be decoded."""
    edits = EditLog(database.path)
    changed = edits.rewrite(_mask_edit)
    if changed:
        with database.transaction():
            database.run("commands.set_mark", mark=str(edits.size()))
    return changed


def _mask_edit(line: bytes) -> bytes:
    try:
        edit = msgspec.json.decode(line, type=LoggedEdit)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return mask(line.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    masked = replace(
        edit,
        reason=edit.reason and mask(edit.reason),
        selection=mask_json(edit.selection),
        arguments=mask_json(edit.arguments),
    )
    return line if masked == edit else msgspec.json.encode(masked)


def backups(path: Path) -> list[Path]:
    """Return the copies beside the database, which are not masked."""
    kinds = ("backup-*", "before-*", "recovery/*")
    return sorted(copy for kind in kinds for copy in path.parent.glob(f"{path.name}.{kind}"))
