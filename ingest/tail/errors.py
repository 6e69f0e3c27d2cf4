"""Maps errors of the operating system to errors of one source."""

import errno

from ingest.errors import SourceError, SourceIO, SourceMissing, SourceSpecial, SourceUnreadable


def from_open(path: str, error: OSError) -> SourceError:
    """The only function that maps an errno of open(2) to an error of a source."""
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return SourceMissing(
                path,
                "The file no longer exists.",
                "It may have been archived, compressed or deleted; what was read is kept.",
            )
        case errno.EACCES | errno.EPERM:
            return SourceUnreadable(
                path,
                "This user has no permission to read the file.",
                "Make it readable with chmod u+r.",
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
                "Raise the limit of open files (ulimit -n); it is retried automatically.",
            )
        case _:
            return SourceIO(
                path,
                f"The file could not be opened: {error.strerror}.",
                "Check the disk or the network drive; it is retried automatically.",
            )


def from_read(path: str, offset: int, length: int, error: OSError) -> SourceIO:
    return SourceIO(
        path,
        f"Reading bytes {offset} to {offset + length} failed: {error.strerror}.",
        "What was read is kept. Check the disk or the network drive.",
    )
