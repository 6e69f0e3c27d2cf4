"""Read a Codex home twice and print how far both readings agree; exits with 1 if they differ."""

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.oracle.comparison import compare, table
from tests.oracle.facts import FACTS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.oracle", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="a Codex home; it is only read")
    parser.add_argument("--show", type=int, default=0, help="show N differences of each fact")
    parser.add_argument("--fact", choices=FACTS, help="of this fact only")
    asked = parser.parse_args()
    if not (asked.home / "sessions").is_dir():
        parser.error(f"{asked.home} is no Codex home: it has no folder `sessions`")
    with tempfile.TemporaryDirectory() as folder:
        found = compare([asked.home.resolve()], Path(folder) / "tailboard.duckdb")
    print(*table(found), sep="\n")
    shown: Counter[str] = Counter()
    for fact, path, extra, missing in found.places:
        shown[fact] += 1
        if asked.fact in (None, fact) and shown[fact] <= asked.show:
            print(f"{fact}: {path}\n  only Tailboard: {extra[:6]!a}")
            print(f"  only the second reading: {missing[:6]!a}")
    return 1 if found.places else 0


if __name__ == "__main__":
    sys.exit(main())
