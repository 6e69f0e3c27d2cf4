"""The two index files beside the rollouts: every row is kept as often as it occurs."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.codex.indexes import IndexFold
from tests.unit.codex.lines import joined


def history(*rows: bytes) -> IndexFold:
    fold = IndexFold(1, names=False)
    fold.feed(0, joined(rows))
    return fold


def names(*rows: bytes) -> IndexFold:
    fold = IndexFold(1, names=True)
    fold.feed(0, joined(rows))
    return fold


def row(**fields: Any) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode()


TYPED = row(session_id="a", ts=1_795_255_754, text="and now the changelog, please")


def test_the_same_text_twice_is_two_prompts() -> None:
    fold = history(TYPED, TYPED)
    assert [(prompt.byte, prompt.thread) for prompt in fold.facts.prompts] == [
        (0, "a"),
        (len(TYPED) + 1, "a"),
    ]
    assert fold.facts.prompts[0].time == "2026-11-21T10:09:14.000Z"


@pytest.mark.parametrize("ts", [None, 1e300, -1e18, 10**18])
def test_timestamp_out_of_range_is_stored_as_null(ts: float | None) -> None:
    (prompt,) = history(row(session_id="a", ts=ts, text="x")).facts.prompts
    assert prompt.time is None


def test_empty_name_is_ignored() -> None:
    fold = names(row(id="a", thread_name=" "), row(id="a", thread_name="Parser"))
    assert [name.name for name in fold.facts.names] == ["Parser"]
    assert (fold.tally.lines, fold.tally.stored) == (2, 2)


def test_torn_row_followed_by_its_repetition_gives_the_repetition() -> None:
    fold = history(TYPED[:25] + TYPED)
    assert [prompt.text for prompt in fold.facts.prompts] == ["and now the changelog, please"]
    (torn,) = fold.facts.rejects
    assert (torn.reason, torn.length, torn.whole) == ("torn", 25, False)
    assert (fold.tally.stored, fold.tally.rejected) == (1, 0)


def test_prompt_with_a_lone_surrogate_is_kept() -> None:
    (prompt,) = history(TYPED.replace(b"changelog", b"\\ud83d")).facts.prompts
    assert prompt.text == "and now the \ufffd, please"


def test_prompt_text_that_looks_like_a_row_is_not_split() -> None:
    quoted = row(session_id="a", ts=1, text=TYPED.decode())
    assert [prompt.text for prompt in history(quoted).facts.prompts] == [TYPED.decode()]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"{", "not_json"),
        (b"[]", "not_a_row"),
        (b'{"session_id":"a"}', "not_a_row"),
        (b'{"session_id":"a","text":7}', "not_a_row"),
        (b'{"session_id":"a","text":"x","z":' + b"[" * 100_000, "too_deep"),
        (b"\0" * 40, "not_json"),
    ],
    ids=["torn", "array", "short", "odd", "deep", "nul"],
)
def test_bad_row_is_rejected_and_the_others_are_stored(raw: bytes, reason: str) -> None:
    fold = history(TYPED, raw, TYPED)
    assert len(fold.facts.prompts) == 2
    (reject,) = fold.facts.rejects
    assert (reject.reason, reject.byte, reject.length) == (reason, len(TYPED) + 1, len(raw))
    assert fold.tally.lines == fold.tally.stored + fold.tally.rejected == 3


@given(
    st.lists(
        st.binary(max_size=40).map(lambda row: row.replace(b"\n", b""))
        | st.just(TYPED)
        | st.just(TYPED[:30]),
        max_size=8,
    )
)
def test_every_row_is_stored_rejected_or_blank(rows: list[bytes]) -> None:
    for fold in (history(*rows), names(*rows)):
        tally = fold.tally
        assert tally.lines == len(rows) == tally.stored + tally.rejected + tally.blank
