"""The only function that opens Codex's files: read-only, no links, never blocking on a pipe."""

import os
import stat

from ingest.errors import SourceSpecial
from ingest.tail.errors import from_open
from ingest.tail.reader import PlainReader, Reader
from ingest.tail.source import Representation, seen

# Without O_NONBLOCK the open of a pipe would wait for its writer for ever.
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def open_source(path: str | os.PathLike[str], representation: Representation | str) -> Reader:
    """Opens one source as the context manager `Reader`; raises a `SourceError` if it cannot."""
    where = os.fspath(path)
    try:
        descriptor = os.open(where, _FLAGS)
    except OSError as error:
        raise from_open(where, error) from error
    try:
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode):
            raise SourceSpecial(where, "This is not a regular file.", "Move it elsewhere.")
        identity = seen(info)
        if Representation(representation) is Representation.PLAIN:
            return PlainReader(where, descriptor, identity)
        # Imported late: most homes contain no compressed file.
        from ingest.tail.zst import ZstReader

        return ZstReader(where, descriptor, identity)
    except BaseException:
        os.close(descriptor)
        raise
