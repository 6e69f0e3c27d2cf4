"""The identity of a batch."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.batches.batch import BatchKey, Kind

KEY = BatchKey(Kind.INGEST, "rollout:0199", 1, 4096)

keys = st.builds(
    BatchKey, st.sampled_from(Kind), st.text(), st.integers(0, 9), st.integers(0, 2**63 - 1)
)


def test_a_batch_id_is_the_same_in_every_process_and_after_every_rebuild() -> None:
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
def test_every_part_of_the_key_changes_the_id(other: BatchKey) -> None:
    assert other.id != KEY.id


@given(keys, keys)
def test_only_equal_keys_have_the_same_id(one: BatchKey, two: BatchKey) -> None:
    assert (one.id == two.id) == (one == two)


def test_a_source_with_a_name_that_is_not_unicode_has_an_id() -> None:
    assert len(BatchKey(Kind.INGEST, "bad\udcff", 0, 0).id) == 16
