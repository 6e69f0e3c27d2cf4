"""Looking for secrets and private text in what is stored, and taking them out for good.

What is read now is masked before it is stored; this is for what older versions stored, and for
kinds of secrets that were not known then. Promises that nothing it finds is told, only how much of
which kind and where; and that, once taken out, the bytes are gone from the file, which is written
anew for that.
"""

import base64
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from ingest.db.backup import rewrite
from ingest.db.database import Database
from ingest.db.edit_log import EditLog, LoggedEdit
from ingest.text.redact import count_by_kind, mask, mask_json

EDITS: Final = "edits.jsonl"
_NEVER: Final = frozenset({"homes", "sources", "schema_migrations", "properties"})
"""Where files lie, and what the program says of itself: nothing of a log, and nothing to lose."""
_BASE64: Final = frozenset({("rejects", "head"), ("rejects", "tail")})
_JSON: Final = frozenset({("cursors", "state"), ("segments", "kinds")})
_AT_ONCE: Final = 256

Masking = Callable[[str], str]


class StoredText(Struct, frozen=True):
    """How much of one kind there is in one column."""

    table: str
    column: str
    kind: str
    count: int


def scan(database: Database) -> list[StoredText]:
    """What there is, by place and kind; nothing is changed. On any thread."""
    return database.with_memory_retry(lambda: _scan(database))


def _scan(database: Database) -> list[StoredText]:
    places: list[StoredText] = []
    for table, column, masking in _columns(database):
        counts: Counter[str] = Counter()
        for _, text in _suspects(database, table, column, masking):
            counts.update(count_by_kind(_plain(table, column, text)) or {"nested": 1})
        places += [StoredText(table, column, kind, count) for kind, count in sorted(counts.items())]
    counts = Counter()
    for edit in EditLog(database.path).read():
        counts.update(count_by_kind(msgspec.json.encode(edit).decode()))
    return places + [StoredText(EDITS, "", kind, count) for kind, count in sorted(counts.items())]


def redact(database: Database) -> int:
    """Mask it all, and write the file anew; how many values that were. Needs it for itself."""
    changed = database.with_memory_retry(lambda: _scrub(database))
    changed += _scrub_edits(database)
    rewrite(database)
    return changed


def _scrub(database: Database) -> int:
    changed = 0
    with database.transaction():
        for table, column, masking in _columns(database):
            for rowid, text in list(_suspects(database, table, column, masking)):
                # Table and column are the schema's own, never data.
                database.execute(
                    f'update "{table}" set "{column}" = $text where rowid = $rowid',  # noqa: S608
                    {"text": masking(text), "rowid": rowid},
                )
                changed += 1
    return changed


def _columns(database: Database) -> Iterator[tuple[str, str, Masking]]:
    """Every column that may hold text of a log, and how it is masked."""
    con = database.reader()
    tables = {
        name
        for (name,) in con.execute(
            "select table_name from duckdb_tables() where not internal and not temporary"
        ).fetchall()
    }
    for table in sorted(tables - _NEVER):
        for column, kind in database.columns(table):
            where = table, column
            if where in _BASE64:
                yield table, column, _mask_base64
            elif kind == "JSON" or where in _JSON:
                yield table, column, _mask_json
            elif kind == "VARCHAR":
                yield table, column, mask


def _suspects(
    database: Database, table: str, column: str, masking: Masking
) -> Iterator[tuple[int, str]]:
    answer = database.reader().execute(
        f'select rowid, "{column}"::varchar from "{table}" where "{column}" is not null'  # noqa: S608
    )
    while rows := answer.fetchmany(_AT_ONCE):
        for rowid, text in rows:
            if masking(text) != text:
                yield rowid, text


def _plain(table: str, column: str, text: str) -> str:
    return _decoded(text) if (table, column) in _BASE64 else text


def _decoded(text: str) -> str:
    return base64.b64decode(text).decode("latin-1")


def _mask_base64(text: str) -> str:
    plain = _decoded(text)
    masked = mask(plain)
    return text if masked == plain else base64.b64encode(masked.encode("latin-1")).decode("ascii")


def _mask_json(text: str) -> str:
    try:
        value: Any = msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        return mask(text)
    masked = mask_json(value)
    return text if masked == value else msgspec.json.encode(masked).decode()


def _scrub_edits(database: Database) -> int:
    """The file of edits, line by line; lines that are no edits stay as they are, but masked."""
    edits = EditLog(database.path)
    changed = edits.rewrite(_clean_edit)
    if changed:
        with database.transaction():
            database.run("commands.set_mark", mark=str(edits.size()))
    return changed


def _clean_edit(line: bytes) -> bytes:
    try:
        edit = msgspec.json.decode(line, type=LoggedEdit)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return mask(line.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    clean = replace(
        edit,
        reason=edit.reason and mask(edit.reason),
        selection=mask_json(edit.selection),
        arguments=mask_json(edit.arguments),
    )
    return line if clean == edit else msgspec.json.encode(clean)


def backups(path: Path) -> list[Path]:
    """Copies of the database beside it, which still hold what they held."""
    kinds = ("backup-*", "before-*", "recovery/*")
    return sorted(one for kind in kinds for one in path.parent.glob(f"{path.name}.{kind}"))
