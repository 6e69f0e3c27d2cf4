"""The identity of a batch."""

from datetime import datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.batches.batch import Batch, BatchKey, Kind
from ingest.batches.state import State

NOW = datetime(2026, 11, 21, 12, 0)
KEY = BatchKey(Kind.INGEST, "rollout:0199", 1, 4096)

keys = st.builds(
    BatchKey, st.sampled_from(Kind), st.text(), st.integers(0, 9), st.integers(0, 2**63 - 1)
)


def batch(*, end: int) -> Batch:
    return Batch(
        id=KEY.id,
        kind=KEY.kind,
        source=KEY.source,
        generation=KEY.generation,
        start=KEY.start,
        end=end,
        state=State.PENDING,
        created_at=NOW,
        updated_at=NOW,
    )


def test_a_batch_that_has_grown_keeps_its_key() -> None:
    assert batch(end=5000).key == batch(end=9000).key == KEY


def test_the_id_is_the_same_in_every_process_and_after_every_rebuild() -> None:
    assert KEY.id == "4c94068b0fd44df5"


@pytest.mark.parametrize(
    "other",
    [
        BatchKey(Kind.JOURNAL, KEY.source, KEY.generation, KEY.start),
        BatchKey(KEY.kind, "rollout:0198", KEY.generation, KEY.start),
        BatchKey(KEY.kind, KEY.source, 2, KEY.start),
        BatchKey(KEY.kind, KEY.source, KEY.generation, 4097),
    ],
)
def test_every_part_of_the_key_makes_another_batch(other: BatchKey) -> None:
    assert other.id != KEY.id


@given(keys, keys)
def test_two_keys_share_an_id_only_when_they_are_equal(one: BatchKey, two: BatchKey) -> None:
    assert (one.id == two.id) == (one == two)


def test_a_source_whose_name_is_no_unicode_still_has_an_id() -> None:
    assert len(BatchKey(Kind.INGEST, "bad\udcff", 0, 0).id) == 16


def test_a_batch_survives_the_way_over_a_socket() -> None:
    there = batch(end=5000)
    assert msgspec.json.decode(msgspec.json.encode(there), type=Batch) == there
