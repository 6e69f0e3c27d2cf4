"""Syncs a file, or the entries of a folder, to the disk."""

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Wait until the file, or the entries of the folder, would survive a power loss."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
