"""Decodes the lines of one rollout into facts: `feed` the lines in order, then `finish`.

The fold carries a small state from range to range, so that any slicing of a file gives the same
facts. It skips history copied from another thread, counts every line (stored, rejected, blank) and
routes each record to its handler. It accesses no file, clock or database; the caller stores facts,
state and cursor in one transaction.
"""

from collections.abc import Iterable
from io import BytesIO
from typing import Any

import msgspec
from msgspec import Struct, field

from ingest.codex import fork_history, line, rejects, tokens
from ingest.codex import records as r
from ingest.codex.facts import Facts, Reject, Segment
from ingest.codex.line_context import LineContext
from ingest.codex.rejected_runs import RejectedRun, RejectedRuns, Tally, count_repeats
from ingest.codex.state import FoldState
from ingest.codex.thread import Thread
from ingest.codex.value_limit import LONG, has_too_many_values

_decode = line.decode
MAX_KINDS = 500
"""Maximal number of kinds counted separately per source; Codex writes about a hundred."""


class FoldResult(Struct):
    facts: Facts
    state: FoldState
    tally: Tally
    stale: list[tuple[str, int]] = field(default_factory=list)
    """(table, offset) of stored facts that are replaced by a newer version."""
    grown: RejectedRun | None = None
    """The run of rejected lines of an earlier range that this range extended."""


class LineFault(Exception):
    """Our own code raised on a line. The caller folds the range again without that line."""

    def __init__(self, offset: int, error: Exception) -> None:
        super().__init__(f"a {type(error).__name__} on the line at byte {offset}")
        self.offset = offset
        self.error = error


class Fold:
    """The fold of one range of one source."""

    def __init__(
        self,
        source: int,
        thread: str,
        state: FoldState | None = None,
        faults: dict[int, str] | None = None,
        refused: tuple[int, bytes, str] | None = None,
    ) -> None:
        """`refused`: a reference to an older part that is not followed: its offset, line, and
        why not.
        """
        self.state = state or FoldState(Segment(source, thread))
        self.state.segment.source = source
        self.current = LineContext(source)
        self.facts = Facts()
        self.tally = Tally()
        self.thread = Thread(self.current, self.state, self.facts)
        self._faults = faults or {}
        if refused is not None:
            self.thread.handlers[r.RolloutReference] = lambda _: self._refuse(*refused)
        self._counts: dict[type, list[int]] = {}
        self._runs = RejectedRuns(
            self.tally, self.facts.rejects, self.state.rejected_run, line.RECORD_START
        )
        self._next = -1

    def feed(self, offset: int, data: bytes) -> None:
        """Fold whole lines, each with its newline; the first begins at `offset`."""
        lines = BytesIO(data)
        at = 0
        if self._runs.open_at(offset):
            at = self._runs.skip(data, 0, offset)
            lines.seek(at)
        self._feed(offset, at, lines, data)
        self._next = offset + len(data)

    def feed_item(self, offset: int, data: bytes) -> None:
        """Fold an item of a JSON document, which may span several lines."""
        whole = data + b"\n"
        self._feed(offset, 0, [whole], whole)

    def _feed(self, base: int, begin: int, lines: Iterable[bytes], data: bytes) -> None:
        """Fold the lines of `data` from `begin` on, read from `lines`."""
        current = self.current
        handlers = self.thread.handlers
        bare = self.thread.identity.bare_line
        counts = self._counts
        copies = self.state.copies
        faults = self._faults
        read_lines = stored = 0
        offset = base + begin
        try:
            # The decoder accepts the trailing newline; removing it would copy every line.
            for raw in lines:
                size = len(raw)
                current.offset = offset
                current.length = length = size - 1
                read_lines += 1
                offset += size
                if faults and current.offset in faults:
                    self._reject_fault(raw[:-1])
                    continue
                try:
                    if size > LONG and has_too_many_values(raw):
                        raise msgspec.DecodeError
                    read: Any = _decode(raw)
                except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
                    next_at = self._feed_undecoded(raw[:-1], data, offset - base)
                    if next_at != offset - base and isinstance(lines, BytesIO):
                        lines.seek(next_at)
                        offset = base + next_at
                    continue
                kind = type(read)
                if kind in _ENVELOPED:
                    current.at = at = read.timestamp
                    if at is not None:
                        current.last_at = at
                    current.ordinal = read.ordinal
                    record = read.payload
                    kind = type(record)
                    if copies.copying and self._is_copied(record, read.ordinal):
                        continue
                else:
                    record = read
                    current.at = None
                    bare()
                stored += 1
                count = counts.get(kind)
                if count is None:
                    counts[kind] = [1, length]
                else:
                    count[0] += 1
                    count[1] += length
                handler = handlers.get(kind)
                if handler is not None:
                    handler(record)
        except Exception as error:
            raise LineFault(current.offset, error) from error
        self.tally.lines += read_lines
        self.tally.stored += stored

    def oversize(self, offset: int, length: int, digest: str, head: bytes, tail: bytes) -> None:
        """Reject a line above the size limit, of which only position, hash and ends are known."""
        self.tally.lines += 1
        self.tally.rejected += 1
        rejected = rejects.too_long(self.current.source, offset, length, digest, head, tail)
        self.facts.rejects.append(rejected)

    def reject_document(self, data: bytes, broken: line.Broken) -> None:
        """Reject a G0 document that could not be decoded."""
        self.tally.lines += 1
        self.tally.rejected += 1
        self.facts.rejects.append(self._rejected(data, broken))

    def finish(self) -> FoldResult:
        """The facts of the range, and the state for the next range."""
        segment = self.thread.close()
        for kind, (lines, size) in self._counts.items():
            self._count(_NAMES[kind], lines, size)
        segment.last_at = self.current.last_at or segment.last_at
        # Break the reference cycle through the routing table, so that no collection is needed.
        self.thread.handlers.clear()
        segment.kinds = msgspec.json.encode(self.state.kinds, order="sorted").decode()
        self.facts.segments.append(segment)
        self.state.rejected_run = self._runs.open_run(self._next)
        return FoldResult(self.facts, self.state, self.tally, self.thread.stale, self._runs.grown)

    def _is_copied(self, record: object, ordinal: int | None) -> bool:
        state, segment, current = self.state.copies, self.state.segment, self.current
        if isinstance(record, r.SessionMeta) and record.id == segment.thread:
            return False
        if fork_history.ends_copy(state, segment, record, current.at, ordinal):
            state.copying = False
            return False
        segment.replayed_lines += 1
        segment.replayed_bytes += current.length + 1
        self.tally.stored += 1
        if isinstance(record, r.TokenCount):
            tokens.count_copied(self.state.tokens, record.info)
        return True

    def _feed_undecoded(self, raw: bytes, data: bytes, after: int) -> int:
        """Handle a line that did not decode directly and ends at `after` in `data`.

        Returns where the next line begins that was not handled with it.
        """
        offset, length = self.current.offset, self.current.length
        next_offset = offset + length + 1
        runs = self._runs
        if not raw.strip():
            runs.blank(offset, length)
            return runs.skip(data, after, next_offset)
        result = line.diagnose(raw)
        if isinstance(result, line.Broken):
            if result.rest is None:
                if not runs.extend(offset, length):
                    runs.start(self._rejected(raw, result))
                return runs.skip(data, after, next_offset, raw)
            self.facts.rejects.append(self._rejected(raw, result))
            result = result.rest
            data = b""  # Repetitions of such a line are handled one by one.
        self.tally.stored += 1
        if isinstance(result, line.Unknown):
            repeats = count_repeats(data, after, raw)
            self.tally.lines += repeats
            self.tally.stored += repeats
            self._set_time(result.at, None)
            self.state.segment.unknown_lines += 1 + repeats
            self._count_unknown(result.kind, 1 + repeats, length * (1 + repeats))
            return after + repeats * (length + 1)
        self._fold_decoded(result, length)
        return after

    def _fold_decoded(self, decoded: line.Decoded, length: int) -> None:
        self.state.segment.lossy_lines += decoded.lossy
        record = decoded.record
        if isinstance(record, r.Envelope):
            envelope: Any = record
            self._set_time(envelope.timestamp, envelope.ordinal)
            record = envelope.payload
            if self.state.copies.copying and self._is_copied(record, envelope.ordinal):
                self.tally.stored -= 1
                return
        else:
            self.current.at = None
            self.thread.identity.bare_line()
        count = self._counts.setdefault(type(record), [0, 0])
        count[0] += 1
        count[1] += length
        handler = self.thread.handlers.get(type(record))
        if handler is not None:
            handler(record)

    def _set_time(self, at: str | None, ordinal: int | None) -> None:
        current = self.current
        current.at, current.ordinal = at, ordinal
        current.last_at = at or current.last_at

    def _count(self, name: str, lines: int, size: int) -> None:
        count = self.state.kinds.setdefault(name, [0, 0])
        count[0] += lines
        count[1] += size

    def _count_unknown(self, kind: str, lines: int, size: int) -> None:
        """Count an unknown kind; the number of names is limited because the file chooses them."""
        name = "?" + kind
        if name not in self.state.kinds and len(self.state.kinds) >= MAX_KINDS:
            name = "?others"
        self._count(name, lines, size)

    def _rejected(self, raw: bytes, broken: line.Broken) -> Reject:
        current = self.current
        part = raw[broken.start : broken.start + broken.length]
        at = current.offset + broken.start
        whole = broken.rest is None
        return rejects.rejected(
            current.source, at, part, broken.reason, broken.message, whole=whole
        )

    def _refuse(self, offset: int, raw: bytes, message: str) -> None:
        if self.current.offset == offset:
            self.facts.rejects.append(
                rejects.rejected(
                    self.current.source, offset, raw, "reference", message, whole=False
                )
            )

    def _reject_fault(self, raw: bytes) -> None:
        current = self.current
        trace = self._faults[current.offset]
        self.facts.rejects.append(rejects.fault(current.source, current.offset, raw, trace))
        self.tally.rejected += 1


def _members(union: Any) -> tuple[type[Any], ...]:
    return tuple(union.__args__)


def _tag(kind: type[Any]) -> str:
    return str(kind.__struct_config__.tag)


def _names() -> dict[type, str]:
    """The name of each kind in the counts: its tags, outermost first."""
    names: dict[type, str] = {kind: f"response_item/{_tag(kind)}" for kind in _members(r.AnyItem)}
    names |= {kind: f"event_msg/{_tag(kind)}" for kind in _members(r.AnyEvent)}
    names |= {r.SessionMeta: "session_meta", r.TurnContext: "turn_context"}
    names |= {r.Compacted: "compacted", r.UsageRecord: "token_usage_record"}
    names |= {r.AgentLetter: "inter_agent_communication"}
    names |= {r.LetterMeta: "inter_agent_communication_metadata", r.World: "world_state"}
    names |= {r.RolloutReference: "rollout_reference"}
    names |= {r.Realtime: "realtime_item", r.Risk: "security_risk_score"}
    names |= {r.Retained: "retained_context", r.ToolsUpdated: "dynamic_tools_updated"}
    names |= {r.BareHeader: "header", r.BareState: "state"}
    return names


_NAMES = _names()
_ENVELOPED = frozenset(_members(r.EnvelopeLine))
