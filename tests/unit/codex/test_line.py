"""Decoding one line to one record: unusual valid lines, and bad lines that contain a valid
record."""

import json

import pytest

from ingest.codex import records as r
from ingest.codex.line import Broken, Decoded, Unknown, diagnose
from tests.unit.codex.lines import START, event, meta

GOOD = event("user_message", message="hello")


def text_of(found: object) -> str | None:
    """The text of a record if it is a prompt."""
    assert isinstance(found, Decoded)
    assert isinstance(found.record, r.EventLine)
    assert isinstance(found.record.payload, r.UserMessageEvent)
    return found.record.payload.message


def test_torn_write_followed_by_its_repetition_gives_the_repetition() -> None:
    found = diagnose(GOOD[:40] + GOOD)
    assert isinstance(found, Broken)
    assert (found.reason, found.start, found.length) == ("torn", 0, 40)
    assert text_of(found.rest) == "hello"


def test_the_first_whole_record_after_several_torn_writes_is_found() -> None:
    found = diagnose(GOOD[:30] + GOOD[:40] + GOOD)
    assert isinstance(found, Broken)
    assert found.length == 70
    assert text_of(found.rest) == "hello"


@pytest.mark.parametrize(("before", "after"), [(9, 0), (0, 9)])
def test_nuls_around_a_record_are_ignored(before: int, after: int) -> None:
    found = diagnose(b"\0" * before + GOOD + b"\0" * after)
    assert isinstance(found, Broken)
    assert (found.reason, found.length) == ("nul", 9)
    assert found.start == (0 if before else len(GOOD))
    assert text_of(found.rest) == "hello"


def test_line_of_nuls_is_rejected() -> None:
    found = diagnose(b"\0" * 512)
    assert isinstance(found, Broken)
    assert (found.reason, found.length, found.rest) == ("nul", 512, None)


def test_a_lone_surrogate_is_replaced() -> None:
    found = diagnose(GOOD.replace(b"hello", b"half \\ud83d smile"))
    assert text_of(found) == "half \ufffd smile"
    assert isinstance(found, Decoded)
    assert found.lossy


@pytest.mark.parametrize("nonsense", [b"NaN", b"Infinity", b"-Infinity"])
def test_nan_and_infinity_become_null(nonsense: bytes) -> None:
    raw = event("token_count", info=None).replace(b"null", nonsense)
    found = diagnose(raw)
    assert isinstance(found, Decoded)
    assert found.lossy


@pytest.mark.parametrize("depth", [900, 5_000, 100_000])
def test_too_deep_nesting_is_rejected(depth: int) -> None:
    deep = b"[" * depth + b"]" * depth
    raw = meta().replace(b'"/w"', deep)
    found = diagnose(raw)
    # Shallow nesting decodes as a header of an unknown shape; deep nesting is reported as such.
    assert isinstance(found, Unknown | Broken)
    if isinstance(found, Broken):
        assert (found.reason, found.rest) == ("too_deep", None)
    assert isinstance(diagnose(deep), Broken)


@pytest.mark.parametrize("raw", [b"[1, 2]", b'"text"', b"17", b"null", b"true"])
def test_json_that_is_not_an_object_is_rejected(raw: bytes) -> None:
    found = diagnose(raw)
    assert isinstance(found, Broken)
    assert found.reason == "not_object"


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({"type": "hologram", "payload": {}}, "hologram"),
        ({"type": "event_msg", "payload": {"type": "sneeze"}}, "event_msg/sneeze"),
        ({"type": "response_item", "payload": {"type": "song"}}, "response_item/song"),
        (
            {"type": "event_msg", "payload": {"type": "item_completed", "item": {"type": "Odd"}}},
            "event_msg/item_completed/Odd",
        ),
        ({"type": "event_msg", "payload": "text"}, "event_msg"),
        ({"type": 7}, "no type"),
        (
            {"type": "event_msg", "payload": {"type": "token_count", "info": 3}},
            "event_msg/token_count",
        ),
    ],
)
def test_unknown_kind_or_shape_is_named(value: dict[str, object], kind: str) -> None:
    found = diagnose(json.dumps({"timestamp": START, **value}).encode())
    assert found == Unknown(kind, START)


def test_last_value_of_a_duplicate_key_wins() -> None:
    found = diagnose(GOOD.replace(b'"message"', b'"message": "first", "message"'))
    assert text_of(found) == "hello"


def test_a_number_of_25_digits_is_read() -> None:
    raw = event("thread_rolled_back", num_turns=int("9" * 25))
    found = diagnose(raw)
    assert isinstance(found, Decoded | Unknown)


def test_a_number_of_5000_digits_is_refused_or_read_but_never_raises() -> None:
    raw = GOOD.replace(b'"hello"', b"9" * 5_000)
    assert isinstance(diagnose(raw), Broken | Unknown)


def test_invalid_utf_8_is_replaced() -> None:
    found = diagnose(GOOD.replace(b"hello", b"caf\xe9"))
    assert text_of(found) == "caf\ufffd"


def test_byte_order_mark_is_ignored() -> None:
    assert text_of(diagnose(b"\xef\xbb\xbf" + GOOD)) == "hello"


def test_a_carriage_return_is_white_space() -> None:
    assert text_of(diagnose(GOOD + b"\r")) == "hello"


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85"])
def test_line_separators_of_unicode_are_text(separator: str) -> None:
    raw = GOOD.replace(b"hello", f"one{separator}two".encode())
    assert text_of(diagnose(raw)) == f"one{separator}two"


def test_utf_16_is_rejected_as_utf_16() -> None:
    found = diagnose(GOOD.decode().encode("utf-16"))
    assert isinstance(found, Broken)
    assert found.reason in ("not_utf8", "torn", "not_json")
    assert found.rest is None


@pytest.mark.parametrize("raw", [b"{", b'{"timestamp":"', b"plain text", b"\xff\xfe\x00"])
def test_line_that_is_not_json_is_rejected_as_a_whole(raw: bytes) -> None:
    found = diagnose(raw)
    assert isinstance(found, Broken)
    assert (found.start, found.length, found.rest) == (0, len(raw), None)


def test_bare_headers_and_states_are_records_of_the_first_generation() -> None:
    header = diagnose(json.dumps({"id": None, "timestamp": START, "git": {}}).encode())
    assert isinstance(header, Decoded)
    assert isinstance(header.record, r.BareHeader)
    assert diagnose(b'{"record_type":"state"}') == Decoded(r.BareState("state"))
