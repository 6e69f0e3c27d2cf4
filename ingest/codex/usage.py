"""Token usage: each count that adds something, with its model and turn; the account's limits."""

from ingest.codex import records as r
from ingest.codex import tokens
from ingest.codex.facts import Facts, TokenUse
from ingest.codex.fields import safe_int
from ingest.codex.limits import changed_limits
from ingest.codex.line_context import LineContext
from ingest.codex.state import FoldState, Totals


class UsageFold:
    """The tokens of a thread, and how full its context is."""

    def __init__(self, current: LineContext, state: FoldState, facts: Facts) -> None:
        self.current = current
        self.state = state
        self.facts = facts

    def token_count(self, event: r.TokenCount) -> None:
        self.facts.limits += changed_limits(event.rate_limits, self.state.limits, self.current)
        info = event.info
        if info is None:
            return
        segment = self.state.segment
        if info.model_context_window != segment.context_window:
            segment.context_window = safe_int(info.model_context_window) or segment.context_window
        if (used := tokens.context_used(info)) is not None:
            segment.context_used = used
        self._add(tokens.count(self.state.tokens, info, responded=self.state.responded))

    def usage_record(self, entry: r.UsageRecord) -> None:
        if entry.thread_id is None or entry.thread_id == self.state.segment.thread:
            self._add(tokens.count_record(self.state.tokens, entry))

    def _add(self, tokens_spent: Totals | None) -> None:
        if tokens_spent is not None:
            current, segment = self.current, self.state.segment
            segment.input += tokens_spent.input
            segment.cached += tokens_spent.cached
            segment.output += tokens_spent.output
            segment.reasoning += tokens_spent.reasoning
            segment.total += tokens_spent.total
            self.facts.usage.append(
                TokenUse(
                    current.source,
                    current.offset,
                    current.turn,
                    current.at,
                    segment.model,
                    tokens_spent.input,
                    tokens_spent.cached,
                    tokens_spent.output,
                    tokens_spent.reasoning,
                    tokens_spent.total,
                )
            )
