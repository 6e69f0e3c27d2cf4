"""The details of the row under the cursor: what happened, where and when, what happens next
automatically, and what a person can do.
"""

from collections.abc import Iterator, Sequence

from textual.content import Content

from ingest.actions import current_user
from ingest.batches.state import State
from ingest.db.query_reader import QueryReader, Row
from ingest.report.batch import Batch, Policy, with_history
from ingest.text.numbers import pluralize, size, tokens
from ingest.text.times import duration
from tui import content
from tui.query_runner import Query
from tui.screens.pipeline.batches import needs_attention
from tui.screens.pipeline.history import history
from tui.screens.pipeline.rejects import hex_dump

_MAX_HISTORY = 40


def batch(key: str, policy: Policy) -> Query[Content]:
    def query(reader: QueryReader) -> Content:
        rows = reader.rows("pipeline.these_batches", ids=[key])
        batches = with_history(reader, rows, policy.moment, alive=True)
        if not batches:
            return _gone("This batch")
        runs: Sequence[Row] = ()
        notes: Sequence[Row] = ()
        if batches[0].role:
            runs = reader.rows("roles.runs_of_batch", batch=key)
            notes = reader.rows("roles.notes_of_batch", batch=key)
        return content.lines(
            *_batch(batches[0], path_in_home(rows[0]), policy),
            *_role_runs(runs, notes),
            Content(""),
            *_history(batches[0], policy),
        )

    return query


def source(key: int, policy: Policy) -> Query[Content]:
    def query(reader: QueryReader) -> Content:
        rows = reader.rows("pipeline.these_sources", ids=[key])
        return content.lines(*_source(rows[0], policy)) if rows else _gone("This file")

    return query


def reject(key: str) -> Query[Content]:
    def query(reader: QueryReader) -> Content:
        rows = reader.rows("pipeline.these_rejects", ids=[key])
        return content.lines(*_reject(rows[0])) if rows else _gone("This line")

    return query


def path_in_home(row: Row) -> str:
    """The path of a file, relative to its Codex home."""
    path, home = row["path"] or "", row["home_path"] or ""
    return path.removeprefix(home).lstrip("/\\") if home and path.startswith(home) else path


def _gone(what: str) -> Content:
    return content.line(f"{what} no longer exists.", "dim")


def _batch(batch: Batch, path: str, policy: Policy) -> Iterator[Content]:
    yield content.row(
        content.batch_state(batch.shown),
        content.line(
            f"{batch.attempts} of {policy.max_attempts} attempts" if batch.attempts else ""
        ),
    )
    if batch.reason:
        yield content.line(batch.reason, "dim")
    yield Content("")
    if batch.error is not None:
        tone = "red" if needs_attention(batch) else "dim"
        yield content.row(
            content.line(batch.error.code, tone), content.line(batch.error.cls or "", "dim")
        )
        yield content.line(batch.error.message or "")
        yield content.line(batch.error.hint or "", "dim")
        yield Content("")
    yield from _next(batch, policy)
    yield Content("")
    yield content.line(path or (f"session {batch.session}" if batch.session else ""))
    where = f"bytes {batch.start:,}–{batch.end:,}" if batch.kind == "ingest" else batch.kind
    where = f"role {batch.role}" if batch.role else where
    yield content.line(f"{where}, generation {batch.generation}, batch {batch.id}", "dim")
    if batch.lifetime_attempts:
        yield content.line(f"failed {pluralize(batch.lifetime_attempts, 'time')} in total", "dim")


def _role_runs(runs: Sequence[Row], notes: Sequence[Row]) -> Iterator[Content]:
    """What the runs of a role cost, and what the last one wrote."""
    if runs:
        yield Content("")
    for run in runs:
        spent = (run["input_tokens"] or 0) + (run["output_tokens"] or 0)
        yield content.row(
            content.state("failed" if run["error_code"] else "completed"),
            content.line(run["error_code"] or "", "red"),
            content.line(f"after {duration(run['seconds'])}"),
            f"{tokens(spent)} tokens" if run["input_tokens"] is not None else None,
        )
    for note in notes:
        yield Content("")
        yield content.line(note["kind"] or "note", "title")
        yield content.block(note["text"])


def _history(batch: Batch, policy: Policy) -> Iterator[Content]:
    events = list(history(batch, current_user()))
    if len(events) > _MAX_HISTORY:
        yield content.line(f"… {len(events) - _MAX_HISTORY:,} earlier events …", "dim")
    for time, words in events[-_MAX_HISTORY:]:
        yield content.row(content.line(policy.clock(time), "dim"), words)


def _next(batch: Batch, policy: Policy) -> Iterator[Content]:
    """What happens next automatically, and what a person can do."""
    since = policy.clock(batch.updated_at)
    if batch.stuck:
        yield content.line(f"No progress since {since}.", "magenta")
        yield content.line("Its process has ended or hangs. The next batch to start takes it over.")
        return
    match batch.state:
        case State.FAILED:
            again = policy.again(batch)
            yield content.line(f"since {since}, next try {again}" if again else f"since {since}")
            yield content.line("r retries it now, z snoozes it, x cancels it")
        case State.DEAD:
            yield content.line(f"Given up at {since}. It is not retried automatically.")
            yield content.line("r retries it once")
        case State.SNOOZED:
            yield content.line(f"Snoozed until {policy.again(batch)}.")
            yield content.line("r retries it now")
        case State.CANCELLED:
            yield content.line(f"Cancelled at {since}. Its file is not read until r retries it.")
        case State.PENDING:
            yield content.line(f"In the queue since {since}.")
        case State.CLAIMED:
            yield content.line(f"In progress since {since}.")
        case _:
            yield content.line(f"Done at {since}.", "dim")


def _source(row: Row, policy: Policy) -> Iterator[Content]:
    yield content.row(content.state(row["state"]), content.line(row["kind"], "dim"))
    yield content.line(path_in_home(row))
    yield Content("")
    if row["error_code"]:
        yield content.line(row["error_code"], "red")
        yield content.line(row["error"] or "")
        yield content.line(f"since {policy.clock(row['state_since'])}", "dim")
        yield Content("")
    # With its older parts, more was read than the file has.
    read = f"{row['byte']:,} of {max(row['byte'], row['size']):,} bytes read"
    if row["representation"] == "zst":
        read = f"{size(row['byte'])} read, out of {size(row['size'])} compressed"
    yield content.line(read)
    if row["behind"]:
        yield content.line(f"{size(row['behind'])} behind", "yellow")
    if row["partial"]:
        yield content.line(f"1 incomplete line of {row['partial']:,} bytes, read when complete")
    yield Content("")
    yield content.line(f"{row['lines']:>12,} lines seen")
    yield content.line(f"{row['stored']:>12,} stored")
    yield content.line(f"{row['rejected']:>12,} in quarantine", "red" if row["rejected"] else "")
    yield content.line(f"{row['blank']:>12,} blank")
    yield Content("")
    if row["rewrites"]:
        yield content.line(f"rewritten {pluralize(row['rewrites'], 'time')}; read again each time")
    if row["archived"]:
        yield content.line("archived by Codex")
    yield content.line(f"generation {row['generation']}, source {row['id']}", "dim")
    yield Content("")
    yield content.line("X reads it again from the start, i shows its lines", "dim")


def _reject(row: Row) -> Iterator[Content]:
    yield content.row(
        content.line(row["reason"].replace("_", " "), "red"), content.line(row["id"], "dim")
    )
    yield content.line(row["message"])
    yield content.line(f"{path_in_home(row)}, byte {row['byte']:,}, {row['length']:,} bytes", "dim")
    if row["lines"] > 1:
        end = row["byte"] + row["extent"]
        yield content.line(f"The first of {row['lines']:,} lines, up to byte {end:,}.", "dim")
    if not row["whole"]:
        yield content.line("A fragment: the record after it could be read.", "dim")
    yield content.line(
        "Stored here. The rest of the file is read normally. r reads the file again.", "dim"
    )
    yield Content("")
    for line in hex_dump(row):
        yield content.block(line, "dim" if line.startswith("…") else "")
    if row["trace"]:
        yield Content("")
        yield content.block(row["trace"], "dim")
