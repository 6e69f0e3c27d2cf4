"""Failures: code, class and message of any exception."""

import asyncio
import errno
import unicodedata
from typing import NoReturn

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ingest.batches.failure import MAX_TEXT, classify, clean, error_text
from ingest.errors import ErrorClass, TailboardError
from ingest.text.redact import mask
from ingest.text.sanitize import UNSAFE


class Known(TailboardError):
    """An error of ours, which carries its code, class and hint."""

    code = "schema_unknown"
    kind = ErrorClass.CONFIG
    hint = "Update Tailboard."


class Mute(Exception):
    def __str__(self) -> NoReturn:
        raise RuntimeError("not even this")


class Foreign(Exception):
    """A foreign exception with attributes that look like ours."""

    code = 404
    kind = "client"
    hint = ("no", "text")


@pytest.mark.parametrize(
    ("number", "code", "cls"),
    [
        (errno.EIO, "io_error", "transient"),
        (errno.ESTALE, "stale_handle", "transient"),
        (errno.ENOENT, "file_missing", "transient"),
        (errno.EACCES, "permission_denied", "transient"),
        (errno.EPERM, "permission_denied", "transient"),
        (errno.EMFILE, "too_many_open_files", "transient"),
        (errno.ENFILE, "too_many_open_files", "transient"),
        (errno.ENOMEM, "out_of_memory", "transient"),
        (errno.ENOSPC, "disk_full", "resource"),
        (errno.EDQUOT, "disk_full", "resource"),
        (errno.EROFS, "read_only_disk", "config"),
        (errno.ELOOP, "not_a_regular_file", "data"),
        (errno.EISDIR, "not_a_regular_file", "data"),
        (errno.ENOTDIR, "not_a_regular_file", "data"),
        (errno.ENXIO, "not_a_regular_file", "data"),
        (errno.EINTR, "os_error", "transient"),
    ],
)
def test_a_system_error_is_classified_by_its_number(number: int, code: str, cls: str) -> None:
    failure = classify(OSError(number, "what the system says", "rollout.jsonl"))
    assert (failure.code, failure.cls) == (code, cls)
    assert "what the system says" in failure.message
    assert "rollout.jsonl" in failure.message


@pytest.mark.parametrize(
    ("exc", "code", "cls"),
    [
        (MemoryError(), "out_of_memory", "transient"),
        (RecursionError("too deep"), "nested_too_deeply", "data"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), "unexpected_data", "data"),
        (msgspec.ValidationError("expected int"), "unexpected_data", "data"),
        (KeyError("type"), "unexpected_data", "data"),
        (ZeroDivisionError(), "unexpected_data", "data"),
        (EOFError(), "os_error", "transient"),
        (ConnectionResetError("gone"), "os_error", "transient"),
        (Exception("who knows"), "unexpected", "transient"),
        (KeyboardInterrupt(), "cancelled", "cancelled"),
        (SystemExit(3), "cancelled", "cancelled"),
        (asyncio.CancelledError(), "cancelled", "cancelled"),
    ],
)
def test_every_other_exception_is_classified_by_its_type(
    exc: BaseException, code: str, cls: str
) -> None:
    failure = classify(exc)
    assert (failure.code, failure.cls) == (code, cls)
    assert failure.message


def test_an_error_of_ours_keeps_its_code_class_and_hint() -> None:
    failure = classify(Known("The file is of a newer kind."))
    assert failure.code == "schema_unknown"
    assert failure.cls is ErrorClass.CONFIG
    assert failure.message == "The file is of a newer kind."
    assert failure.hint == "Update Tailboard."


def test_attributes_of_a_foreign_exception_are_ignored() -> None:
    failure = classify(Foreign("not found"))
    assert (failure.code, failure.cls, failure.hint) == ("unexpected", "transient", None)


@pytest.mark.fault("Q13")
def test_an_exception_whose_str_raises_is_named_by_its_type() -> None:
    assert error_text(Mute()) == "Mute (its message could not be built: RuntimeError)"


def test_an_exception_without_a_message_is_named_by_its_type() -> None:
    assert error_text(MemoryError()) == "MemoryError"


@pytest.mark.fault("Q13")
def test_a_message_of_ten_megabytes_is_cut_visibly() -> None:
    text = error_text(ValueError("x" * 10_000_000))
    assert len(text) == MAX_TEXT
    assert text.endswith("x…")


@pytest.mark.fault("Q13")
def test_a_secret_in_an_error_is_masked_even_at_a_cut() -> None:
    secret = "gh" + "p_" + "a1B2" * 9
    assert error_text(ValueError(f"no {secret}.")) == "no [secret: github-token]."
    assert "gh" + "p_" not in error_text(ValueError("x" * (MAX_TEXT - 20) + " " + secret))


def test_an_escape_sequence_is_made_visible() -> None:
    assert clean("\x1b]0;owned\x07\r\x7f\x9b") == "␛]0;owned␇␍␡\\x9b"


def test_line_breaks_and_indentation_are_kept() -> None:
    assert clean("first\n  second") == "first\n  second"


@pytest.mark.fault("Q13")
@given(st.text(st.characters(exclude_categories=())))
def test_any_message_is_storable_and_without_control_characters(text: str) -> None:
    assume(mask(text) == text)
    safe = clean(text)
    safe.encode("utf-8")
    assert len(safe) <= MAX_TEXT
    assert [c for c in safe if unicodedata.category(c) == "Cc" and c != "\n"] == []
    assert set(safe).isdisjoint("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@given(st.text(st.characters(exclude_categories=("C", "Zl", "Zp"))))
def test_text_without_control_or_hidden_characters_is_not_changed(text: str) -> None:
    assume(mask(text) == text and not UNSAFE.search(text))
    assert clean(text) == text


@given(st.binary())
def test_bytes_that_are_not_unicode_become_storable(data: bytes) -> None:
    failure = classify(OSError(errno.EIO, "failed", data.decode("utf-8", "surrogateescape")))
    failure.message.encode("utf-8")


def test_a_failure_is_encoded_with_the_documented_keys() -> None:
    assert msgspec.to_builtins(classify(Known("No."))) == {
        "code": "schema_unknown",
        "class": "config",
        "message": "No.",
        "hint": "Update Tailboard.",
    }
