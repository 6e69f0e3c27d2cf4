"""The information in file names."""

import os

import pytest

from ingest.tail.source import Kind, Representation, SourceName, parse
from tests.unit.tail.builders import name_of, rollout, uuid


def test_a_rollout_is_named_after_its_thread() -> None:
    assert name_of(rollout(7)) == SourceName(Kind.ROLLOUT, uuid(7), "")


def test_a_further_segment_is_a_source_of_its_own() -> None:
    assert name_of(rollout(7, segment=9)) == SourceName(Kind.ROLLOUT, uuid(7), uuid(9))


def test_compression_changes_the_representation_and_not_the_name() -> None:
    assert parse(rollout(7) + ".zst") == (name_of(rollout(7)), Representation.ZST)


def test_a_session_of_the_typescript_program_is_recognised() -> None:
    name = f"rollout-2025-05-07-{uuid(3)}.json"
    assert parse(name) == (SourceName(Kind.TYPESCRIPT, uuid(3)), Representation.PLAIN)


def test_the_index_files_are_sources_without_a_thread() -> None:
    assert name_of("history.jsonl") == SourceName(Kind.HISTORY)
    assert name_of("session_index.jsonl") == SourceName(Kind.SESSION_INDEX)


@pytest.mark.parametrize(
    "filename",
    [
        rollout() + ".tmp",
        rollout() + ".zst.tmp",
        rollout() + ".gz",
        rollout() + "\n",
        "\n" + rollout(),
        "-" + rollout(),
        rollout().upper(),
        rollout().replace("2026", "２０２６"),
        rollout().replace("T10", " 10"),
        rollout().replace(uuid(1), uuid(1)[:-1]),
        rollout()[:-6] + "_.jsonl",
        f"rollout-2025-05-07-{uuid(3)}.jsonl",
        "history.jsonl.zst",
        "session_index.jsonl.lock",
        "state_5.sqlite",
        "",
        "x" * 255,
        "\u202e" + rollout(),
        os.fsdecode(b"rollout-\xff\xfe.jsonl"),
        os.fsdecode(rollout().encode() + b"\xff"),
    ],
)
def test_any_other_name_is_no_source(filename: str) -> None:
    assert name_of(filename) is None
