"""A reader process: groups of jobs come in on standard input, parcels go out on standard output.

It is niced, imports neither the database nor a screen, and ends when its input does, so that it
never outlives the process it works for.
"""

import gc
import os
import signal
import struct
import sys
from pathlib import Path
from typing import IO

import msgspec
from msgspec import Struct

from ingest.worker.job import Job, Parcel
from ingest.worker.parcel import pack

NICENESS = 5
_HEADER = struct.Struct("<I")


class Group(Struct):
    name: str
    spool: str
    jobs: list[Job]


_decode_group = msgspec.msgpack.Decoder(Group).decode
_decode_parcel = msgspec.msgpack.Decoder(Parcel).decode
_encode = msgspec.msgpack.Encoder().encode


def send(stream: IO[bytes], message: Group | Parcel) -> None:
    data = _encode(message)
    stream.write(_HEADER.pack(len(data)) + data)
    stream.flush()


def receive_parcel(stream: IO[bytes]) -> Parcel | None:
    """The next parcel; None where the reader is gone."""
    data = _receive(stream)
    return None if data is None else _decode_parcel(data)


def _receive(stream: IO[bytes]) -> bytes | None:
    header = stream.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return None
    (length,) = _HEADER.unpack(header)
    data = stream.read(length)
    return data if len(data) == length else None


def main() -> None:
    os.umask(0o077)
    os.nice(NICENESS)
    # The process that asked decides what a Ctrl-C means; this one ends with its input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What was imported stays; the collector need not look at it again and again.
    gc.freeze()
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while (data := _receive(source)) is not None:
        group = _decode_group(data)
        try:
            send(sink, pack(group.jobs, Path(group.spool), group.name))
        except BrokenPipeError:
            return


if __name__ == "__main__":
    main()
