"""The history of a batch in words, and the names of batches."""

from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from ingest.report.batch import BatchError, to_batch
from tui.screens.batch_actions import batch_name
from tui.screens.pipeline.history import history

BEGAN = datetime(2026, 11, 30, 14, 2)


def batch_with(state: str, *moves: tuple[str, str, str | None, str | None]) -> Any:
    row: dict[str, Any] = dict.fromkeys(
        ("reason", "heartbeat_at", "retry_at", "not_before", "error_code", "path", "role")
    )
    row |= {
        "id": "b1", "kind": "ingest", "source": 1, "session": "s", "generation": 0, "start": 0,
        "finish": 9, "state": state, "attempts": 1, "lifetime_attempts": 1, "created_at": BEGAN,
        "updated_at": BEGAN + timedelta(minutes=9),
    }  # fmt: skip
    batch = to_batch(row, BEGAN, alive=True)
    for i, (move, new, person, reason) in enumerate(moves):
        batch.history.append(
            {
                "move": move, "new": new, "person": person, "reason": reason, "actor": "auto",
                "time": BEGAN + timedelta(minutes=i + 1), "error_code": "io.EIO",
            }
        )  # fmt: skip
    return batch


def words(batch: Any) -> list[str]:
    return [f"{text} {time:%H:%M}" for time, text in history(batch, "ada")]


def test_the_history_says_what_happened_and_who_ordered_it() -> None:
    batch = batch_with(
        "completed",
        ("fail", "failed", None, None),
        ("retry", "pending", "ada", None),
        ("fail", "failed", None, None),
        ("snooze", "snoozed", "bob", "disk is full"),
        ("retry", "pending", None, "changed"),
        ("complete", "completed", None, None),
    )
    assert words(batch) == [
        "queued 14:02",
        "failed: io.EIO 14:03",
        "retried by you 14:04",
        "failed: io.EIO 14:05",
        "snoozed by bob: disk is full 14:06",
        "retried automatically: its file has changed 14:07",
        "completed 14:08",
    ]


def test_the_last_failure_has_its_message_and_success_needs_no_stored_move() -> None:
    failed = batch_with("failed", ("fail", "failed", None, None), ("fail", "failed", None, None))
    failed = replace(failed, error=BatchError("io.EIO", None, "Read error at byte 4.", None))
    assert words(failed)[1:] == [
        "failed: io.EIO 14:03",
        "failed: Read error at byte 4. 14:04",
    ]
    assert words(batch_with("completed")) == ["queued 14:02", "completed 14:11"]


def test_batches_of_roles_and_of_the_team_have_names() -> None:
    row = {"id": "b1", "title": "Fix it", "session": "s", "path": None, "role": "historian"}
    assert batch_name(row, {}) == "historian: Fix it"
    row |= {"title": None, "session": None, "role": None}
    assert batch_name(row, {"b1": "parser"}) == "team: parser"
