"""`python -m tests.demo`: write the story where the program ships it."""

from pathlib import Path

import ingest.demo
from ingest.demo.story import FILE, packed
from tests.demo.story import compose

if __name__ == "__main__":
    data = packed(compose())
    (Path(ingest.demo.__file__).parent / FILE).write_bytes(data)
    print(f"{FILE}: {len(data):,} bytes")
