"""What came of the batches that a person retried."""

from typing import Any

from tui.retry_outcomes import RetryOutcomes, outcome


def row(id_: str, state: str) -> dict[str, Any]:
    return {"id": id_, "state": state, "error_code": "io.EIO", "error_message": "Read error.",
            "error_hint": "Check the disk."}  # fmt: skip


def test_a_batch_that_waits_has_no_outcome_yet() -> None:
    found = outcome(frozenset("ab"), [row("a", "pending"), row("b", "claimed")])
    assert (found.ids, found.text) == (frozenset(), "")


def test_a_batch_that_is_gone_was_read_and_one_that_failed_says_why() -> None:
    found = outcome(frozenset("abc"), [row("a", "failed"), row("c", "pending")])
    assert found.text == (
        "✓ 1 batch completed.\n✗ 1 batch failed again: Read error. Check the disk."
    )
    assert found.failed
    retries = RetryOutcomes()
    retries.watch("abc")
    retries.take(found)
    assert retries.waiting == frozenset("c")


def test_a_batch_that_was_cancelled_meanwhile_is_no_longer_watched() -> None:
    found = outcome(frozenset("a"), [row("a", "cancelled")])
    assert (found.ids, found.text) == (frozenset("a"), "")
