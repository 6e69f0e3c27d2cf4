"""The two lists beside the rollouts: what people typed, and how they named their sessions.

A row is a fact of its own and needs nothing of the rows before it, so there is no state to carry.
The same text twice in a row is legal and kept twice.
"""

import base64
import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec
from msgspec import Struct

from ingest.codex.facts import Facts, Prompt, Reject, ThreadName
from ingest.codex.fold import REJECT_BYTES, Tally
from ingest.codex.line import TOO_DEEP
from ingest.codex.text import keep


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


class IndexFold:
    """The fold of one range of `history.jsonl` (prompts) or `session_index.jsonl` (names)."""

    def __init__(self, source: int, names: bool) -> None:
        self.source = source
        self.names = names
        self.facts = Facts()
        self.tally = Tally()

    def feed(self, offset: int, lines: Iterable[bytes]) -> None:
        for raw in lines:
            self.tally.lines += 1
            if raw.strip():
                self._row(offset, raw)
            else:
                self.tally.blank += 1
            offset += len(raw) + 1

    def _row(self, offset: int, raw: bytes) -> None:
        try:
            fact = self._named(offset, raw) if self.names else self._typed(offset, raw)
        except RecursionError:
            self._reject(offset, raw, "too_deep", TOO_DEEP)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self._reject(offset, raw, "not_json", str(error)[:200])
        else:
            self.tally.stored += 1
            if isinstance(fact, Prompt):
                self.facts.prompts.append(fact)
            elif fact is not None:
                self.facts.names.append(fact)

    def _typed(self, offset: int, raw: bytes) -> Prompt:
        row = _prompt.decode(raw)
        thread, text = keep(row.session_id, 64), keep(row.text)
        return Prompt(self.source, offset, len(raw), thread, _moment(row.ts), text)

    def _named(self, offset: int, raw: bytes) -> ThreadName | None:
        """An empty name names nothing, as Codex itself reads it."""
        row = _name.decode(raw)
        if not row.thread_name.strip():
            return None
        name = keep(row.thread_name, 500)
        return ThreadName(self.source, offset, keep(row.id, 64), name, row.updated_at)

    def oversize(self, offset: int, length: int, digest: str, head: bytes, tail: bytes) -> None:
        self.tally.lines += 1
        self.tally.rejected += 1
        message = f"a line of {length} bytes is longer than the cap"
        self.facts.rejects.append(
            Reject(
                self.source,
                offset,
                length,
                True,
                "too_long",
                message,
                digest,
                base64.b64encode(head).decode(),
                base64.b64encode(tail).decode(),
            )
        )

    def _reject(self, offset: int, raw: bytes, reason: str, message: str) -> None:
        self.tally.rejected += 1
        head = base64.b64encode(raw[:REJECT_BYTES]).decode()
        digest = hashlib.sha256(raw).hexdigest()
        self.facts.rejects.append(
            Reject(self.source, offset, len(raw), True, reason, message, digest, head, "")
        )


def _moment(seconds: float | None) -> str | None:
    """Unix seconds as Codex writes times elsewhere; None where no calendar has that day."""
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    except (ValueError, OverflowError, OSError):
        return None
