"""A mount that hangs: a FUSE file system whose program never answers."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_DETACH = 2


@contextmanager
def hanging(point: Path) -> Iterator[None]:
    """Every access to `point` blocks until the end of this context."""
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        device = os.open("/dev/fuse", os.O_RDWR)
    except OSError as error:
        pytest.skip(f"no file system in user space can be made here: {error}")
    options = f"fd={device},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()}"
    if libc.mount(b"hanging", os.fsencode(point), b"fuse", 0, options.encode()):
        os.close(device)
        pytest.skip(f"nothing can be mounted here: {os.strerror(ctypes.get_errno())}")
    try:
        yield
    finally:
        os.close(device)  # All blocked accesses fail.
        libc.umount2(os.fsencode(point), _DETACH)
