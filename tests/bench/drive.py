"""Replaces `tailboard ingest --json` in versions that do not have this command.

Reads everything new with an `Owner` and prints the same keys.
"""

import argparse
import json
import time
from pathlib import Path

import msgspec

from ingest.db.database import Database
from ingest.pipeline.follow import Owner
from ingest.pipeline.homes import homes


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--codex-home", type=Path, required=True)
    parser.add_argument("--db", type=Path, required=True)
    chosen = parser.parse_args(arguments)
    began = time.perf_counter()
    with Database(chosen.db) as database:
        owner = Owner(database, homes([chosen.codex_home]))
        report = owner.read_once()
        if report.bytes_read:
            owner.checkpoint()
    text = msgspec.to_builtins(report) | {"seconds": time.perf_counter() - began}
    print(json.dumps(text))


if __name__ == "__main__":
    main()
