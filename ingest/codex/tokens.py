"""The tokens that a thread used, each counted once.

The file contains cumulative totals (`token_count`, often repeated) and, since 0.155, one exact
record per response (`token_usage_record`). Records count as they are; of a total counts only what
exceeds the last total and the records since then. Copied history moves the baseline and counts
nothing.
"""

from ingest.codex import records as r
from ingest.codex.fields import stored_text
from ingest.codex.state import TokenState, Totals

REMEMBERED_RESPONSES = 8
MAX_TOKENS = 2**40
"""A response above this number is nonsense, and sums of smaller numbers can be stored."""


def totals_of(usage: r.Usage) -> Totals:
    """Codex's counts as totals; nonsense (negative, astronomic) counts as zero."""
    return Totals(
        _valid_count(usage.input_tokens),
        _valid_count(usage.cached_input_tokens),
        _valid_count(usage.output_tokens),
        _valid_count(usage.reasoning_output_tokens),
        _total_of(usage),
    )


def _total_of(usage: r.Usage) -> int:
    return _valid_count(usage.total_tokens or usage.input_tokens + usage.output_tokens)


def _valid_count(count: int) -> int:
    return count if 0 <= count < MAX_TOKENS else 0


def count_copied(state: TokenState, info: r.TokenInfo | None) -> None:
    """A total in copied history: the child continues from it."""
    if info and info.total_token_usage:
        state.seen = totals_of(info.total_token_usage)


def count_record(state: TokenState, entry: r.UsageRecord) -> Totals | None:
    """What one exact record adds; None if it was counted before."""
    if entry.usage is None or entry.response_id in state.responses:
        return None
    if entry.response_id:
        known = [*state.responses, stored_text(entry.response_id, 128)]
        state.responses = known[-REMEMBERED_RESPONSES:]
    spent = totals_of(entry.usage)
    state.recorded = state.recorded.plus(spent)
    return spent


def count(state: TokenState, info: r.TokenInfo, *, responded: bool) -> Totals | None:
    """What a cumulative total adds; None if nothing.

    A fork by pointer (and the segment after a revert) copies nothing, but its totals continue from
    those at its starting point in the other file. The baseline is computed without opening that
    file: the first total is the baseline plus the first response, whose tokens are in
    `last_token_usage`. If records have counted that response already, the total only gives the
    baseline; if the model has not responded at all, the total is the baseline.
    """
    if info.total_token_usage is None:
        return None
    total = totals_of(info.total_token_usage)
    recorded, state.recorded = state.recorded, Totals()
    seen, state.seen = state.seen, total
    if fills_context(info.total_token_usage):
        state.baseline_known = True
        return None
    if not state.baseline_known:
        state.baseline_known = True
        return _or_none(_last(info)) if responded and not recorded.total else None
    if total.total < seen.total:
        # Some resumes start again from zero; then the first total is that of the response alone.
        # Any other decrease (a revert) means no new tokens.
        last = _last(info)
        return _or_none(last.minus(recorded)) if total == last else None
    return _or_none(total.minus(seen).minus(recorded))


def context_used(info: r.TokenInfo) -> int | None:
    """The number of tokens in the context; None if this count does not include it."""
    usage = info.total_token_usage
    if usage is None or not fills_context(usage):
        usage = info.last_token_usage
    return None if usage is None else _total_of(usage)


def fills_context(usage: r.Usage) -> bool:
    """Whether this total only means that the context overflowed.

    Codex then sets the total to the size of the context window and all its parts to zero, and
    continues from there.
    """
    return usage.total_tokens > 0 and not (usage.input_tokens or usage.output_tokens)


def _last(info: r.TokenInfo) -> Totals:
    return totals_of(info.last_token_usage) if info.last_token_usage else Totals()


def _or_none(totals: Totals) -> Totals | None:
    return totals if totals.total else None
