"""What is said beside the list about the row under the cursor: what happened, where, since when,
what happens next by itself, and what a person can do.
"""

from collections.abc import Iterator

from textual.content import Content

from ingest.batches.state import State
from ingest.db.query_reader import QueryReader, Row
from ingest.report.batch import Batch, Policy, with_history
from ingest.text.units import pluralize, size
from tui import content
from tui.query_runner import Question
from tui.screens.pipeline.batches import needs_somebody
from tui.screens.pipeline.rejects import hexadecimal

_MOVES_SHOWN = 40


def batch(key: str, policy: Policy) -> Question[Content]:
    def ask(reading: QueryReader) -> Content:
        rows = reading.rows("pipeline.these_batches", ids=[key])
        found = with_history(reading, rows, policy.moment, alive=True)
        if not found:
            return _gone("This batch")
        return content.lines(*_batch(found[0], inside(rows[0]), policy))

    return ask


def source(key: int, policy: Policy) -> Question[Content]:
    def ask(reading: QueryReader) -> Content:
        rows = reading.rows("pipeline.these_sources", ids=[key])
        return content.lines(*_source(rows[0], policy)) if rows else _gone("This file")

    return ask


def reject(key: str) -> Question[Content]:
    def ask(reading: QueryReader) -> Content:
        rows = reading.rows("pipeline.these_rejects", ids=[key])
        return content.lines(*_reject(rows[0])) if rows else _gone("This line")

    return ask


def inside(row: Row) -> str:
    """Where a file lies, as seen from its home."""
    path, home = row["path"] or "", row["home_path"] or ""
    return path.removeprefix(home).lstrip("/\\") if home and path.startswith(home) else path


def _gone(what: str) -> Content:
    return content.line(f"{what} is not there any more.", "dim")


def _batch(one: Batch, place: str, policy: Policy) -> Iterator[Content]:
    yield content.row(
        content.state(one.shown),
        content.line(f"{one.attempts} of {policy.max_attempts} tries" if one.attempts else ""),
    )
    if one.reason:
        yield content.line(one.reason, "dim")
    yield Content("")
    if one.error is not None:
        tone = "red" if needs_somebody(one) else "dim"
        yield content.row(
            content.line(one.error.code, tone), content.line(one.error.cls or "", "dim")
        )
        yield content.line(one.error.message or "")
        yield content.line(one.error.hint or "", "dim")
        yield Content("")
    yield from _next(one, policy)
    yield Content("")
    yield content.line(place or (f"session {one.session}" if one.session else ""))
    where = f"bytes {one.start:,}–{one.end:,}" if one.kind == "ingest" else one.kind
    yield content.line(f"{where}, generation {one.generation}, batch {one.id}", "dim")
    if one.lifetime_attempts:
        yield content.line(f"failed {pluralize(one.lifetime_attempts, 'time')} in all", "dim")
    yield Content("")
    for move in one.history[-_MOVES_SHOWN:][::-1]:
        yield content.row(
            content.line(policy.clock(move["time"]), "dim"),
            content.state(move["new"]),
            content.line(f"by {move['person'] or move['actor']}"),
            content.line(move["reason"] or move["error_code"] or "", "dim"),
        )


def _next(one: Batch, policy: Policy) -> Iterator[Content]:
    """What happens by itself, and what a person can do."""
    since = policy.clock(one.updated_at)
    if one.stuck:
        yield content.line(f"Nobody has worked on it since {since}.", "magenta")
        yield content.line("Its owner is gone or hangs; it is rescued when the next one starts.")
        return
    match one.state:
        case State.FAILED:
            again = policy.again(one)
            yield content.line(f"since {since}, next try {again}" if again else f"since {since}")
            yield content.line("r retries it now, z puts it off, x gives it up")
        case State.DEAD:
            yield content.line(f"Given up at {since}; nothing more happens by itself.")
            yield content.line("r gives it one more try")
        case State.SNOOZED:
            yield content.line(f"Put off until {policy.again(one)}.")
            yield content.line("r retries it now")
        case State.CANCELLED:
            yield content.line(f"Cancelled at {since}; its file stands still until r retries it.")
        case State.PENDING:
            yield content.line(f"Waiting since {since}; it is next when its turn comes.")
        case State.CLAIMED:
            yield content.line(f"Being worked on since {since}.")
        case _:
            yield content.line(f"Done at {since}.", "dim")


def _source(row: Row, policy: Policy) -> Iterator[Content]:
    yield content.row(content.state(row["state"]), content.line(row["kind"], "dim"))
    yield content.line(inside(row))
    yield Content("")
    if row["error_code"]:
        yield content.line(row["error_code"], "red")
        yield content.line(row["error"] or "")
        yield content.line(f"since {policy.clock(row['state_since'])}", "dim")
        yield Content("")
    read = f"{row['byte']:,} of {row['size']:,} bytes read"
    if row["representation"] == "zst":
        read = f"{size(row['byte'])} read, out of {size(row['size'])} compressed"
    yield content.line(read)
    if row["behind"]:
        yield content.line(f"{size(row['behind'])} behind", "yellow")
    if row["partial"]:
        yield content.line(f"1 partial line of {row['partial']:,} bytes: read when it is whole")
    yield Content("")
    yield content.line(f"{row['lines']:>12,} lines seen")
    yield content.line(f"{row['stored']:>12,} stored")
    yield content.line(f"{row['rejected']:>12,} in quarantine", "red" if row["rejected"] else "")
    yield content.line(f"{row['blank']:>12,} blank")
    yield Content("")
    if row["rewrites"]:
        yield content.line(f"rewritten {pluralize(row['rewrites'], 'time')}; read anew each time")
    if row["archived"]:
        yield content.line("archived by Codex")
    yield content.line(f"generation {row['generation']}, source {row['id']}", "dim")
    yield Content("")
    yield content.line("X reads it again from its beginning; i shows its lines", "dim")


def _reject(row: Row) -> Iterator[Content]:
    yield content.row(
        content.line(row["reason"].replace("_", " "), "red"), content.line(row["id"], "dim")
    )
    yield content.line(row["message"])
    yield content.line(f"{inside(row)}, byte {row['byte']:,}, {row['length']:,} bytes", "dim")
    if row["lines"] > 1:
        end = row["byte"] + row["extent"]
        yield content.line(f"The first of {row['lines']:,} lines, up to byte {end:,}.", "dim")
    if not row["whole"]:
        yield content.line("A fragment: the record behind it could still be read.", "dim")
    yield content.line("Kept here; the rest of the file goes on. r reads its file again.", "dim")
    yield Content("")
    for line in hexadecimal(row):
        yield content.block(line, "dim" if line.startswith("…") else "")
    if row["trace"]:
        yield Content("")
        yield content.block(row["trace"], "dim")
