"""The SQLite files of Codex as 0.171 creates them, kept open as Codex does."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_TABLES = {
    "queue_1.sqlite": """
        create table queued_items (
            id text primary key not null, thread_id text not null, payload_json text not null,
            queue_order integer not null, created_at_ms integer not null,
            updated_at_ms integer not null
        );
    """,
    "memories_1.sqlite": """
        create table jobs (
            kind text not null, job_key text not null, status text not null, worker_id text,
            ownership_token text, started_at integer, finished_at integer, lease_until integer,
            retry_at integer, retry_remaining integer not null, last_error text,
            input_watermark integer, last_success_watermark integer, primary key (kind, job_key)
        );
        create table stage1_outputs (
            thread_id text primary key, source_updated_at integer not null,
            raw_memory text not null, rollout_summary text not null, rollout_slug text,
            generated_at integer not null, usage_count integer, last_usage integer
        );
    """,
    "state_5.sqlite": """
        create table threads (
            id text primary key, rollout_path text not null, title text not null,
            archived integer not null default 0, is_pinned integer not null default 0, name text
        );
    """,
}


@contextmanager
def codex_database(home: Path, name: str) -> Iterator[sqlite3.Connection]:
    """One of the files, created if it is missing. Its log exists as long as it is open."""
    home.mkdir(parents=True, exist_ok=True)
    new = not (home / name).exists()
    database = sqlite3.connect(home / name, isolation_level=None)
    try:
        database.execute("pragma journal_mode = wal")
        if new:
            database.executescript(_TABLES[name])
        yield database
    finally:
        database.close()


def queue_message(database: sqlite3.Connection, thread: str, text: str = "{}") -> None:
    (count,) = database.execute("select count(*) from queued_items").fetchone()
    values = (f"item-{count}", thread, text, count, 1, 1)
    database.execute("insert into queued_items values (?, ?, ?, ?, ?, ?)", values)
