"""What is said beside the list about the row under the cursor: what happened, where, since when,
what happens next by itself, and what a person can do.
"""

from collections.abc import Iterator

from textual.content import Content

from ingest.batches.state import State
from ingest.report.batch import Batch, Policy, told
from ingest.store.face import Reading, Row
from ingest.wording.words import many, size
from tui import safe
from tui.feed import Question
from tui.screens.pipeline.batches import needs_somebody
from tui.screens.pipeline.rejects import hexadecimal

_MOVES_SHOWN = 40


def batch(key: str, policy: Policy) -> Question[Content]:
    def ask(reading: Reading) -> Content:
        rows = reading.rows("pipeline.these_batches", ids=[key])
        found = told(reading, rows, policy.moment, alive=True)
        if not found:
            return _gone("This batch")
        return safe.lines(*_batch(found[0], inside(rows[0]), policy))

    return ask


def source(key: int, policy: Policy) -> Question[Content]:
    def ask(reading: Reading) -> Content:
        rows = reading.rows("pipeline.these_sources", ids=[key])
        return safe.lines(*_source(rows[0], policy)) if rows else _gone("This file")

    return ask


def reject(key: str) -> Question[Content]:
    def ask(reading: Reading) -> Content:
        rows = reading.rows("pipeline.these_rejects", ids=[key])
        return safe.lines(*_reject(rows[0])) if rows else _gone("This line")

    return ask


def inside(row: Row) -> str:
    """Where a file lies, as seen from its home."""
    path, home = row["path"] or "", row["home_path"] or ""
    return path.removeprefix(home).lstrip("/\\") if home and path.startswith(home) else path


def _gone(what: str) -> Content:
    return safe.line(f"{what} is not there any more.", "dim")


def _batch(one: Batch, place: str, policy: Policy) -> Iterator[Content]:
    yield safe.row(
        safe.state(one.shown),
        safe.line(f"{one.attempts} of {policy.max_attempts} tries" if one.attempts else ""),
    )
    if one.reason:
        yield safe.line(one.reason, "dim")
    yield Content("")
    if one.error is not None:
        tone = "red" if needs_somebody(one) else "dim"
        yield safe.row(safe.line(one.error.code, tone), safe.line(one.error.cls or "", "dim"))
        yield safe.line(one.error.message or "")
        yield safe.line(one.error.hint or "", "dim")
        yield Content("")
    yield from _next(one, policy)
    yield Content("")
    yield safe.line(place or (f"session {one.session}" if one.session else ""))
    where = f"bytes {one.start:,}–{one.end:,}" if one.kind == "ingest" else one.kind
    yield safe.line(f"{where}, generation {one.generation}, batch {one.id}", "dim")
    if one.lifetime_attempts:
        yield safe.line(f"failed {many(one.lifetime_attempts, 'time')} in all", "dim")
    yield Content("")
    for move in one.history[-_MOVES_SHOWN:][::-1]:
        yield safe.row(
            safe.line(policy.clock(move["time"]), "dim"),
            safe.state(move["new"]),
            safe.line(f"by {move['person'] or move['actor']}"),
            safe.line(move["reason"] or move["error_code"] or "", "dim"),
        )


def _next(one: Batch, policy: Policy) -> Iterator[Content]:
    """What happens by itself, and what a person can do."""
    since = policy.clock(one.updated_at)
    if one.stuck:
        yield safe.line(f"Nobody has worked on it since {since}.", "magenta")
        yield safe.line("Its owner is gone or hangs; it is rescued when the next one starts.")
        return
    match one.state:
        case State.FAILED:
            again = policy.again(one)
            yield safe.line(f"since {since}, next try {again}" if again else f"since {since}")
            yield safe.line("r retries it now, z puts it off, x gives it up")
        case State.DEAD:
            yield safe.line(f"Given up at {since}; nothing more happens by itself.")
            yield safe.line("r gives it one more try")
        case State.SNOOZED:
            yield safe.line(f"Put off until {policy.again(one)}.")
            yield safe.line("r retries it now")
        case State.CANCELLED:
            yield safe.line(f"Cancelled at {since}; its file stands still until r retries it.")
        case State.PENDING:
            yield safe.line(f"Waiting since {since}; it is next when its turn comes.")
        case State.CLAIMED:
            yield safe.line(f"Being worked on since {since}.")
        case _:
            yield safe.line(f"Done at {since}.", "dim")


def _source(row: Row, policy: Policy) -> Iterator[Content]:
    yield safe.row(safe.state(row["state"]), safe.line(row["kind"], "dim"))
    yield safe.line(inside(row))
    yield Content("")
    if row["error_code"]:
        yield safe.line(row["error_code"], "red")
        yield safe.line(row["error"] or "")
        yield safe.line(f"since {policy.clock(row['state_since'])}", "dim")
        yield Content("")
    read = f"{row['byte']:,} of {row['size']:,} bytes read"
    if row["representation"] == "zst":
        read = f"{size(row['byte'])} read, out of {size(row['size'])} compressed"
    yield safe.line(read)
    if row["behind"]:
        yield safe.line(f"{size(row['behind'])} behind", "yellow")
    if row["partial"]:
        yield safe.line(f"1 partial line of {row['partial']:,} bytes: read when it is whole")
    yield Content("")
    yield safe.line(f"{row['lines']:>12,} lines seen")
    yield safe.line(f"{row['stored']:>12,} stored")
    yield safe.line(f"{row['rejected']:>12,} in quarantine", "red" if row["rejected"] else "")
    yield safe.line(f"{row['blank']:>12,} blank")
    yield Content("")
    if row["rewrites"]:
        yield safe.line(f"rewritten {many(row['rewrites'], 'time')}; read anew each time")
    if row["archived"]:
        yield safe.line("archived by Codex")
    yield safe.line(f"generation {row['generation']}, source {row['id']}", "dim")
    yield Content("")
    yield safe.line("X reads it again from its beginning; i shows its lines", "dim")


def _reject(row: Row) -> Iterator[Content]:
    yield safe.row(safe.line(row["reason"].replace("_", " "), "red"), safe.line(row["id"], "dim"))
    yield safe.line(row["message"])
    yield safe.line(f"{inside(row)}, byte {row['byte']:,}, {row['length']:,} bytes", "dim")
    if row["lines"] > 1:
        end = row["byte"] + row["extent"]
        yield safe.line(f"The first of {row['lines']:,} lines, up to byte {end:,}.", "dim")
    if not row["whole"]:
        yield safe.line("A fragment: the record behind it could still be read.", "dim")
    yield safe.line("Kept here; the rest of the file goes on. r reads its file again.", "dim")
    yield Content("")
    for line in hexadecimal(row):
        yield safe.block(line, "dim" if line.startswith("…") else "")
    if row["trace"]:
        yield Content("")
        yield safe.block(row["trace"], "dim")
