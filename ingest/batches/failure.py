"""A failure, built from any exception: a code, a class, a safe text and a hint.

Never raises, whatever the exception does. The text fits a screen and a database (masked, truncated,
no control characters, no lone surrogates). The retry policy decides what follows.
"""

import errno
from typing import Final

import msgspec

from ingest.errors import ErrorClass, TailboardError
from ingest.text.redact import mask
from ingest.text.sanitize import safe_text

MAX_TEXT: Final = 10_000


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    cls: ErrorClass = msgspec.field(name="class")
    message: str
    hint: str | None = None


OWNER_DIED: Final = Failure(
    code="owner_died",
    cls=ErrorClass.INTERRUPTED,
    message="The process ended while it worked on this batch.",
    hint="It is read again automatically; no action is needed.",
)
"""Why a batch was released. It is not charged as an attempt."""

READER_DIED: Final = Failure(
    code="reader_died",
    cls=ErrorClass.POISON,
    message="The reader process died while it opened this file.",
    hint="It is retried automatically once a day. Please report it: `tailboard support-bundle`.",
)
"""A failure that is charged to the batch: nothing else can have caused it."""


class _Rule(msgspec.Struct, frozen=True):
    code: str
    cls: ErrorClass
    hint: str | None = None


_DISK_FULL = _Rule(
    "disk_full", ErrorClass.RESOURCE, "Free some disk space; reading then continues."
)
_NO_MEMORY = _Rule("out_of_memory", ErrorClass.TRANSIENT, "Close other programs.")
_NO_PERMISSION = _Rule(
    # One unreadable file must not stop the others, so this is no error of configuration.
    "permission_denied",
    ErrorClass.TRANSIENT,
    "Make the file readable (chmod u+r), and its folders too (chmod u+rx).",
)
_TOO_MANY_FILES = _Rule(
    "too_many_open_files", ErrorClass.TRANSIENT, "Raise the limit of open files (ulimit -n)."
)
_NOT_A_FILE = _Rule(
    "not_a_regular_file", ErrorClass.DATA, "Links, folders and pipes are not followed."
)

_BY_ERRNO: Final = {
    errno.EIO: _Rule("io_error", ErrorClass.TRANSIENT, "Check the disk and the system log."),
    errno.ESTALE: _Rule("stale_handle", ErrorClass.TRANSIENT, "Check the network file system."),
    errno.ENOENT: _Rule(
        "file_missing",
        ErrorClass.TRANSIENT,
        "It may have been archived; the next scan searches for it.",
    ),
    errno.EACCES: _NO_PERMISSION,
    errno.EPERM: _NO_PERMISSION,
    errno.ENOSPC: _DISK_FULL,
    errno.EDQUOT: _DISK_FULL,
    errno.EROFS: _Rule("read_only_disk", ErrorClass.CONFIG, "Choose a writable path with --db."),
    errno.EMFILE: _TOO_MANY_FILES,
    errno.ENFILE: _TOO_MANY_FILES,
    errno.ENOMEM: _NO_MEMORY,
    errno.ELOOP: _NOT_A_FILE,
    errno.EISDIR: _NOT_A_FILE,
    errno.ENOTDIR: _NOT_A_FILE,
    errno.ENXIO: _NOT_A_FILE,
}

# The first match decides, so the special types come before the general ones.
_BY_TYPE: Final[tuple[tuple[tuple[type[BaseException], ...], _Rule], ...]] = (
    ((MemoryError,), _NO_MEMORY),
    ((RecursionError,), _Rule("nested_too_deeply", ErrorClass.DATA)),
    ((OSError, EOFError), _Rule("os_error", ErrorClass.TRANSIENT)),
    (
        # What an unexpected input causes in code that is not prepared for it. As the fault of the
        # input, one bad line is set aside; as a transient error, it would block the whole file.
        (
            msgspec.MsgspecError,
            ValueError,
            LookupError,
            TypeError,
            ArithmeticError,
            AttributeError,
            AssertionError,
        ),
        _Rule("unexpected_data", ErrorClass.DATA, "The line is stored; please report it."),
    ),
)
_CANCELLED = _Rule("cancelled", ErrorClass.CANCELLED)
_UNEXPECTED = _Rule("unexpected", ErrorClass.TRANSIENT)


def classify(exc: BaseException) -> Failure:
    """What failed. Errors of `ingest.errors` have a code, a class and a hint; other exceptions are
    classified by their type.
    """
    if isinstance(exc, TailboardError):
        rule = _Rule(exc.code, exc.kind, exc.hint or None)
    else:
        rule = _rule(exc)
    return Failure(
        code=rule.code,
        cls=rule.cls,
        message=error_text(exc),
        hint=None if rule.hint is None else clean(rule.hint),
    )


def _rule(exc: BaseException) -> _Rule:
    if isinstance(exc, OSError) and exc.errno in _BY_ERRNO:
        return _BY_ERRNO[exc.errno]
    if not isinstance(exc, Exception):
        # These are requests to stop and not caught by `except Exception`: interrupt, exit,
        # cancelled task.
        return _CANCELLED
    for types, rule in _BY_TYPE:
        if isinstance(exc, types):
            return rule
    return _UNEXPECTED


def error_text(exc: BaseException) -> str:
    """The exception's message, made safe, or the name of its type if it has none."""
    name = type(exc).__name__
    try:
        text = str(exc)
    except Exception as broken:  # noqa: BLE001 - reported below: an exception whose str() fails
        text = f"{name} (its message could not be built: {type(broken).__name__})"
    return clean(text if text.strip() else name)


def clean(text: str) -> str:
    """Text that can be stored, printed and shown; at most `MAX_TEXT` characters."""
    text = mask(text)
    if len(text) > MAX_TEXT:
        text = text[: MAX_TEXT - 1] + "…"
    return safe_text(text)[:MAX_TEXT]
