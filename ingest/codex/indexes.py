"""Decodes `history.jsonl` (prompts the user typed) and `session_index.jsonl` (session names).

Each row is independent of the others; only an open run of rejected lines is carried from range to
range. Repeated rows are legal and stored repeatedly.
"""

import re
from io import BytesIO

import msgspec
from msgspec import Struct

from ingest.codex import line, rejects
from ingest.codex.facts import Facts, Prompt, Segment, ThreadName
from ingest.codex.fields import iso_time, optional_text, stored_text
from ingest.codex.fold import FoldResult
from ingest.codex.rejected_runs import RejectedRuns, Tally
from ingest.codex.state import FoldState


class _PromptRow(Struct):
    session_id: str
    text: str
    ts: float | None = None


class _NameRow(Struct):
    id: str
    thread_name: str
    updated_at: str | None = None


_prompt = msgspec.json.Decoder(_PromptRow)
_name = msgspec.json.Decoder(_NameRow)
_ROW_STARTS = (b'{"session_id":"', b'{"id":"')
_ROW_START_PATTERNS = tuple(re.compile(re.escape(start)) for start in _ROW_STARTS)


class IndexFold:
    """The fold of one range of `history.jsonl` (prompts) or `session_index.jsonl` (names)."""

    def __init__(
        self,
        source: int,
        names: bool,
        state: FoldState | None = None,
        faults: dict[int, str] | None = None,
    ) -> None:
        self._faults = faults or {}
        self.source = source
        self.names = names
        self.facts = Facts()
        self.tally = Tally()
        open_run = None if state is None else state.rejected_run
        self._runs = RejectedRuns(
            self.tally, self.facts.rejects, open_run, _ROW_START_PATTERNS[names]
        )
        self._next = -1

    def feed(self, offset: int, data: bytes) -> None:
        """Fold whole lines, each with its newline; the first begins at `offset`."""
        lines = BytesIO(data)
        if self._runs.open_at(offset):
            lines.seek(self._runs.skip(data, 0, offset))
        at = lines.tell()
        for raw in lines:
            self.tally.lines += 1
            after = at + len(raw)
            at = self._feed_row(offset + at, raw[:-1], data, after)
            if at != after:
                lines.seek(at)
        self._next = offset + len(data)

    def finish(self) -> FoldResult:
        """The facts of the range, and the state for the next range."""
        stretch = self._runs.open_run(self._next)
        state = FoldState(Segment(self.source, ""), rejected_run=stretch)
        return FoldResult(self.facts, state, self.tally, grown=self._runs.grown)

    def _feed_row(self, offset: int, raw: bytes, data: bytes, after: int) -> int:
        """Handle one row. Returns where the next line begins that was not handled with it."""
        next_offset = offset + len(raw) + 1
        if offset in self._faults:
            self.tally.rejected += 1
            self.facts.rejects.append(rejects.fault(self.source, offset, raw, self._faults[offset]))
            return after
        if not raw.strip():
            self._runs.blank(offset, len(raw))
            return self._runs.skip(data, after, next_offset)
        problem = self._try_add(offset, raw, raw)
        if problem is None:
            self.tally.stored += 1
            return after
        # Codex repeats a failed write: the complete row follows the torn one on the same line.
        repeat_at = raw.rfind(_ROW_STARTS[self.names], 1)
        if repeat_at > 0 and self._try_add(offset, raw, raw[repeat_at:]) is None:
            self.tally.stored += 1
            message = "a torn write, glued to the row after it"
            torn = rejects.rejected(
                self.source, offset, raw[:repeat_at], "torn", message, whole=False
            )
            self.facts.rejects.append(torn)
            return after
        if not self._runs.extend(offset, len(raw)):
            self._runs.start(rejects.rejected(self.source, offset, raw, *problem))
        return self._runs.skip(data, after, next_offset, raw)

    def _try_add(self, offset: int, raw: bytes, row: bytes) -> tuple[str, str] | None:
        """Add one row; returns a reason and a message if it is not a row."""
        try:
            self._add(offset, raw, row)
        except msgspec.ValidationError as error:
            return "not_a_row", str(error)[:200]
        except RecursionError:
            return "too_deep", line.TOO_DEEP
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return "not_json", str(error)[:200]
        return None

    def _add(self, offset: int, raw: bytes, row: bytes) -> None:
        add_row = self._add_name if self.names else self._add_prompt
        try:
            add_row(offset, len(raw), row)
        except msgspec.ValidationError:
            raise
        except (msgspec.DecodeError, UnicodeDecodeError):
            repaired_row = line.repair(row)
            if repaired_row is None:
                raise
            add_row(offset, len(raw), repaired_row)

    def _add_prompt(self, offset: int, length: int, raw: bytes) -> None:
        row = _prompt.decode(raw)
        thread, text = stored_text(row.session_id, 64), stored_text(row.text)
        prompt = Prompt(self.source, offset, length, thread, iso_time(row.ts), text)
        self.facts.prompts.append(prompt)

    def _add_name(self, offset: int, _: int, raw: bytes) -> None:
        """Add a name; like Codex, ignore an empty one."""
        row = _name.decode(raw)
        if row.thread_name.strip():
            thread, name = stored_text(row.id, 64), stored_text(row.thread_name, 500)
            when = optional_text(row.updated_at, 64)
            self.facts.names.append(ThreadName(self.source, offset, thread, name, when))

    def oversize(self, offset: int, length: int, digest: str, head: bytes, tail: bytes) -> None:
        self.tally.lines += 1
        self.tally.rejected += 1
        rejected = rejects.too_long(self.source, offset, length, digest, head, tail)
        self.facts.rejects.append(rejected)
