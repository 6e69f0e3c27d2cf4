"""A reader process: receives groups of jobs on standard input, sends results on standard output.

It runs at low priority, does not import DuckDB, and ends when its input ends, so it never outlives
the owner.
"""

import os
import signal
import struct
import sys
import time
from pathlib import Path
from typing import IO

import msgspec
from msgspec import Struct

from ingest import log
from ingest.gc_scheduler import freeze_loaded
from ingest.pipeline.job import Job, JobAlive, ReaderOutput
from ingest.pipeline.reader_output import read_group

NICENESS = 5
ALIVE_EVERY = 1.0
"""Seconds between two progress reports within one batch."""
_HEADER = struct.Struct("<I")


class Group(Struct):
    name: str
    spool: str
    jobs: list[Job]


_decode_group = msgspec.msgpack.Decoder(Group).decode
_decode_answer = msgspec.msgpack.Decoder(ReaderOutput | JobAlive).decode
_encode = msgspec.msgpack.Encoder().encode


def send(stream: IO[bytes], message: Group | ReaderOutput | JobAlive) -> None:
    data = _encode(message)
    stream.write(_HEADER.pack(len(data)) + data)
    stream.flush()


def receive(stream: IO[bytes]) -> ReaderOutput | JobAlive | None:
    """The next result or progress report; None if the reader has ended."""
    data = _receive_bytes(stream)
    return None if data is None else _decode_answer(data)


def _receive_bytes(stream: IO[bytes]) -> bytes | None:
    header = stream.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return None
    (length,) = _HEADER.unpack(header)
    data = stream.read(length)
    return data if len(data) == length else None


class AliveReporter:
    """Sends a progress report at the start of each batch, and then at most once a second."""

    def __init__(self, sink: IO[bytes]) -> None:
        self._sink = sink
        self._batch = ""
        self._next = 0.0

    def __call__(self, batch: str, byte: int, place: str = "") -> None:
        now = time.monotonic()
        if place or batch != self._batch or now >= self._next:
            self._batch, self._next = batch, now + ALIVE_EVERY
            send(self._sink, JobAlive(batch, byte, place))


def main() -> None:
    os.umask(0o077)
    os.nice(NICENESS)
    # The owner handles Ctrl-C and a closed terminal; this process ends when its input does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    freeze_loaded()
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    report = AliveReporter(sink)
    while (data := _receive_bytes(source)) is not None:
        group = _decode_group(data)
        spool = Path(group.spool)
        log.start(spool.with_suffix(""))  # The spool has the name of its database, and a suffix.
        try:
            send(sink, read_group(group.jobs, spool, group.name, report))
        except BrokenPipeError:
            return
        except Exception as error:
            log.unexpected(error)
            raise


if __name__ == "__main__":
    main()
