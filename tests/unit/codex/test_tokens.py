"""Each token is counted once."""

from typing import Any

from tests.unit.codex.lines import THREAD, event, fold, line, meta


def usage(total: int, cached: int = 0) -> dict[str, int]:
    return {
        "input_tokens": total - 40,
        "cached_input_tokens": cached,
        "output_tokens": 40,
        "reasoning_output_tokens": 10,
        "total_tokens": total,
    }


def count(total: int, last: int, **more: Any) -> bytes:
    info = {"total_token_usage": usage(total), "last_token_usage": usage(last), **more}
    return event("token_count", info=info)


def record(response: str | None, spent: int, thread: str = THREAD) -> bytes:
    records = {"thread_id": thread, "response_id": response, "usage": usage(spent)}
    return line("token_usage_record", records)


def spent(*lines: bytes) -> list[int]:
    return [use.total for use in fold(*lines).facts.usage]


SAID = event("agent_message", message="Hm.")
POINTER = {"thread_id": "other", "end_byte_offset": 900, "end_ordinal_exclusive": 12}


def test_spent_tokens_are_the_difference_of_totals() -> None:
    assert spent(meta(), count(1_000, 1_000), count(2_500, 1_500)) == [1_000, 1_500]


def test_repeated_total_adds_nothing() -> None:
    records = (count(1_000, 1_000), count(1_000, 1_000), count(2_500, 1_500), count(2_500, 1_500))
    assert spent(meta(), *records) == [1_000, 1_500]


def test_estimate_after_a_compaction_sets_the_context_only() -> None:
    estimate = {"total_tokens": 3_000}
    records = {"total_token_usage": usage(1_000), "last_token_usage": estimate}
    folded = fold(meta(), count(1_000, 1_000), event("token_count", info=records))
    assert [use.total for use in folded.facts.usage] == [1_000]
    assert folded.facts.segments[0].context_used == 3_000


WINDOW = {"total_tokens": 258_400}
FULL = event(
    "token_count",
    info={"total_token_usage": WINDOW, "last_token_usage": {"total_tokens": 253_420}},
)


def after_full(spent_: int) -> bytes:
    """The next total: its parts restarted at the overflow, the sum continues from the window."""
    total = usage(spent_) | {"total_tokens": 258_400 + spent_}
    return event(
        "token_count", info={"total_token_usage": total, "last_token_usage": usage(spent_)}
    )


def test_context_overflow_adds_no_tokens() -> None:
    assert spent(meta(), count(4_980, 1_690), FULL, FULL) == [4_980]
    assert spent(meta(), count(900_000, 1_690), FULL) == [900_000]


def test_after_an_overflow_only_new_tokens_count() -> None:
    use = fold(meta(), count(4_980, 1_690), FULL, FULL, after_full(4_090)).facts.usage[-1]
    assert (use.input, use.output, use.total) == (4_050, 40, 4_090)
    with_records = (record("r", 4_980), count(4_980, 4_980), FULL, record("s", 4_090))
    assert spent(meta(), *with_records, after_full(4_090)) == [4_980, 4_090]


def test_a_fork_by_pointer_that_overflows_first_counts_later_tokens() -> None:
    assert spent(meta(history_base=POINTER), SAID, FULL, after_full(4_090)) == [4_090]


def test_context_overflow_shows_a_full_context() -> None:
    assert fold(meta(), count(4_980, 1_690), FULL).facts.segments[0].context_used == 258_400


def test_decreasing_total_adds_nothing() -> None:
    assert spent(meta(), count(5_000, 1_000), count(3_000, 1_000), count(3_500, 500)) == [
        5_000,
        500,
    ]


def test_reset_counter_counts_its_first_response() -> None:
    assert spent(meta(), count(5_000, 1_000), count(700, 700), count(1_200, 500)) == [
        5_000,
        700,
        500,
    ]


def test_a_total_without_a_sum_is_input_plus_output() -> None:
    records = {"total_token_usage": {"input_tokens": 90, "output_tokens": 10}}
    (use,) = fold(meta(), event("token_count", info=records)).facts.usage
    assert (use.input, use.output, use.total) == (90, 10, 100)


def test_a_count_with_only_limits_adds_nothing() -> None:
    assert spent(meta(), event("token_count", info=None)) == []


def test_records_count_and_their_totals_add_nothing() -> None:
    records = (record("a", 1_000), count(1_000, 1_000), record("b", 1_500), count(2_500, 1_500))
    assert spent(meta(), *records) == [1_000, 1_500]


def test_several_records_before_one_total_are_counted_once() -> None:
    assert spent(meta(), record("a", 1_000), record("b", 500), count(1_500, 500)) == [1_000, 500]


def test_a_repeated_record_counts_once() -> None:
    assert spent(meta(), record("a", 1_000), record("a", 1_000)) == [1_000]


def test_records_without_an_id_are_all_counted() -> None:
    assert spent(meta(), record(None, 1_000), record(None, 1_000)) == [1_000, 1_000]


def test_record_of_another_thread_is_ignored() -> None:
    assert spent(meta(), record("a", 1_000, thread="other")) == []


def test_a_total_above_the_sum_of_the_records_counts_the_difference() -> None:
    """An older Codex continued the thread and wrote only totals."""
    assert spent(meta(), record("a", 1_000), count(1_000, 1_000), count(1_800, 800)) == [
        1_000,
        800,
    ]


def test_a_record_without_a_later_total_is_counted() -> None:
    """Killed in between; the next process counts from the last total in the file: from none."""
    assert spent(meta(), record("a", 1_000), record("b", 1_200), count(1_200, 1_200)) == [
        1_000,
        1_200,
    ]


def test_the_baseline_of_a_fork_by_pointer_is_its_parents_total() -> None:
    forked = meta(history_mode="paginated", history_base=POINTER)
    assert spent(forked, SAID, count(6_700, 1_540), count(7_000, 300)) == [1_540, 300]


def test_a_fork_by_pointer_with_records_counts_only_them() -> None:
    forked = meta(history_mode="paginated", history_base=POINTER)
    records = (record("a", 1_540), count(6_700, 1_540), record("b", 300), count(7_000, 300))
    assert spent(forked, SAID, *records) == [1_540, 300]


def test_fork_by_pointer_without_a_response_adds_nothing() -> None:
    forked = meta(history_mode="paginated", history_base=POINTER)
    assert spent(forked, count(5_160, 1_440), SAID, count(6_700, 1_540)) == [1_540]


def test_copied_totals_are_the_baseline_of_a_fork() -> None:
    later = "2026-11-21T08:00:05.000Z"
    own = event("token_count", later, info={"total_token_usage": usage(3_700)})
    copied = (line("session_meta", {"id": "other"}), count(1_000, 1_000), count(2_400, 1_400))
    assert spent(meta(forked_from_id="other"), *copied, own) == [1_300]


def test_impossible_counts_are_ignored() -> None:
    records = {"input_tokens": -5, "output_tokens": 2**60, "total_tokens": 10**25}
    assert spent(meta(), event("token_count", info={"total_token_usage": records})) == []


def test_usage_belongs_to_the_current_model_and_turn() -> None:
    folded = fold(
        meta(),
        event("task_started", turn_id="a"),
        line("turn_context", {"model": "gpt-5.5"}),
        count(1_000, 1_000),
        line("turn_context", {"model": "gpt-6"}),
        count(1_500, 500),
    )
    assert [(use.turn, use.model) for use in folded.facts.usage] == [(1, "gpt-5.5"), (1, "gpt-6")]
