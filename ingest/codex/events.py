"""Rare events: compactions, reviews, errors, memories that an answer used."""

from typing import Any

from ingest.codex import records as r
from ingest.codex.facts import EventFact, Facts
from ingest.codex.fields import TITLE_CHARS, compact_json, optional_text, stored_text
from ingest.codex.line_context import LineContext
from ingest.codex.state import FoldState
from ingest.codex.turns import Turns

MAX_CITED = 50


class Events:
    def __init__(self, current: LineContext, state: FoldState, facts: Facts, turns: Turns) -> None:
        self.current = current
        self.state = state
        self.facts = facts
        self.turns = turns

    def error(self, event: r.ErrorEvent) -> None:
        self.turns.record_error(event)
        self._add("error", event.message, compact_json(event.codex_error_info))

    def compacted(self, compacted: r.Compacted) -> None:
        self.state.segment.compactions += 1
        self.state.compacting = True
        replaced = compacted.replacement_history
        detail = None if replaced is None else f'{{"replaced":{len(replaced)}}}'
        self._add("compaction", compacted.message, detail)

    def review_event(self, event: r.EnteredReview) -> None:
        hint = event.user_facing_hint or event.prompt
        self.review_started(event.turn_id, hint, event.target)

    def review_started(self, turn_id: str | None, hint: str | None, target: Any) -> None:
        self.turns.begin_review(turn_id)
        segment = self.state.segment
        if segment.first_prompt is None:
            segment.first_prompt = stored_text(f"Review: {hint}" if hint else "Review", TITLE_CHARS)
        self._add("review", hint, compact_json(target))

    def review_ended(self, record: r.ExitedReview | r.ExitedReviewMode) -> None:
        self.state.segment.reviewing = False
        output = record.review_output
        overall = output.get("overall_explanation") if isinstance(output, dict) else None
        self._add("review_end", optional_text(overall), compact_json(output))

    def memory_cited(self, citation: Any) -> None:
        """An answer names the lines of Codex's memory files that it used."""
        entries = citation.get("entries") if isinstance(citation, dict) else None
        listed = [
            _cited(entry)
            for entry in (entries[:MAX_CITED] if isinstance(entries, list) else ())
            if isinstance(entry, dict) and entry.get("path")
        ]
        if listed:
            self._add("memory", "\n".join(listed), None)

    def _add(self, kind: str, text: str | None, detail: str | None) -> None:
        current = self.current
        self.facts.events.append(
            EventFact(
                current.source,
                current.offset,
                current.length,
                current.turn,
                current.at,
                kind,
                optional_text(text),
                detail,
            )
        )


def _cited(entry: dict[str, Any]) -> str:
    place = f"{entry['path']}:{entry.get('lineStart')}-{entry.get('lineEnd')}"
    return f"{place} {entry['note']}" if entry.get("note") else place
