"""What can go wrong with one source, each with a code, a sentence for people and a hint.

Raised where it is known. `error_class` says whether another attempt may go well ("transient") or
the input itself is at fault ("data"); what follows from that is for the caller.
"""

import errno
from typing import ClassVar, Self


class SourceError(Exception):
    """Base of all of them. The arguments are plain text, so that it survives a process border."""

    code: ClassVar[str] = "source"
    error_class: ClassVar[str] = "transient"

    def __init__(self, path: str, sentence: str, hint: str) -> None:
        super().__init__(path, sentence, hint)
        self.path = path
        self.sentence = sentence
        self.hint = hint

    def __str__(self) -> str:
        return self.sentence


class SourceMissing(SourceError):
    """The file is not there (any more). Says nothing about what was read of it before."""

    code = "missing"


class SourceUnreadable(SourceError):
    """The file is there, and we may not read it."""

    code = "unreadable"


class SourceSpecial(SourceError):
    """A pipe, socket, device, folder or symbolic link under the name of a source."""

    code = "special"
    error_class = "data"


class SourceDamaged(SourceError):
    """A compressed file that ends too early or does not decode."""

    code = "damaged"


class SourceTooLarge(SourceError):
    """A compressed file that would become far more than any log: refused, not unpacked."""

    code = "too_large"
    error_class = "data"


class SourceIO(SourceError):
    """The disk, the network or the system said no; the next attempt may succeed."""

    code = "io"

    @classmethod
    def at(cls, path: str, offset: int, length: int, error: OSError) -> Self:
        return cls(
            path,
            f"Reading bytes {offset} to {offset + length} failed: {error.strerror}.",
            "What was read before stays. Check the disk or the network drive.",
        )


def from_open(path: str, error: OSError) -> SourceError:
    """The one place that says what an errno of open(2) means for a source."""
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return SourceMissing(
                path,
                "The file is not there any more.",
                "It may have been archived, compressed or deleted; what was read stays.",
            )
        case errno.EACCES | errno.EPERM:
            return SourceUnreadable(
                path,
                "The file may not be read by this user.",
                "Give yourself the right to read it, for example with chmod u+r.",
            )
        case errno.ELOOP:
            return SourceSpecial(
                path,
                "The file is a symbolic link, and links are not followed.",
                "Put the file itself there, or make the whole sessions folder the link.",
            )
        case errno.ENXIO:
            return SourceSpecial(path, "This is not a regular file.", "Move it elsewhere.")
        case errno.EMFILE | errno.ENFILE:
            return SourceIO(
                path,
                "No more files can be opened at the moment.",
                "Raise the limit of open files (ulimit -n); it is tried again by itself.",
            )
        case _:
            return SourceIO(
                path,
                f"The file could not be opened: {error.strerror}.",
                "Check the disk or the network drive; it is tried again by itself.",
            )
