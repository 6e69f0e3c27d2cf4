"""The JSON document: strict, pure ASCII, and in UTC."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from ingest.cli.document import document, line


class Named(msgspec.Struct, rename={"cls": "class"}):
    cls: str


def test_the_schema_comes_first_and_names_the_command() -> None:
    assert document("status", {"a": 1}) == '{"schema": "tailboard.status/1", "a": 1}'


def test_times_are_utc_with_a_z() -> None:
    naive = datetime(2026, 11, 21, 8, 0, 0, 123456)
    east = datetime(2026, 11, 21, 10, tzinfo=timezone(timedelta(hours=2)))
    assert json.loads(line([naive, naive.replace(tzinfo=UTC), east])) == [
        "2026-11-21T08:00:00.123Z",
        "2026-11-21T08:00:00.123Z",
        "2026-11-21T08:00:00.000Z",
    ]


def test_values_without_a_json_type_are_converted() -> None:
    values = [float("nan"), float("inf"), timedelta(seconds=90), Decimal("1.5"), b"\x00\xff"]
    assert json.loads(line(values)) == [None, None, 90.0, 1.5, "00ff"]
    assert json.loads(line({"path": Path("/tmp/x"), 3: (1, 2)})) == {"path": "/tmp/x", "3": [1, 2]}


def test_a_struct_is_encoded_with_its_renamed_fields() -> None:
    assert json.loads(line(Named("data"))) == {"class": "data"}


def test_text_is_unchanged_and_a_lone_surrogate_does_not_break_the_document() -> None:
    text = line(["\x1b[31m \u202e 🚀", "\udcff"])
    assert text.isascii()
    assert json.loads(text) == ["\x1b[31m \u202e 🚀", "\ufffd"]


@given(st.recursive(st.text() | st.floats() | st.none(), st.lists, max_leaves=8))
def test_every_document_can_be_parsed_by_a_strict_parser(value: object) -> None:
    text = line(value)
    assert text.isascii()
    msgspec.json.decode(text)
