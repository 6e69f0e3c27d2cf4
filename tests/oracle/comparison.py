"""The agreement of two readings: counts by fact and release, and the differences."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ingest.text.redact import mask
from tests.oracle import facts as second
from tests.oracle import ours
from tests.oracle.facts import FACTS
from tests.oracle.records import minor, threads


@dataclass
class Agreement:
    same: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Per fact and release, how many are the same in both readings."""
    different: Counter[tuple[str, str]] = field(default_factory=Counter)
    sessions: Counter[str] = field(default_factory=Counter)
    places: list[tuple[str, Path, list[object], list[object]]] = field(default_factory=list)
    """Per fact and file: what only Tailboard has, and what only the second reading has."""


def compare(homes: Sequence[Path], database: Path) -> Agreement:
    """Read homes with Tailboard into this database and with the second reader, and compare."""
    ours.ingest(homes, database)
    result, names, found = ours.facts(database), given_names(homes), Agreement()
    for thread, files in threads(homes).items():
        release = f"0.{minor(files[0].meta.get('cli_version'))}"
        found.sessions[release] += 1
        read, stored = second.facts(files, names), result.get(thread, {})
        for fact in FACTS:
            here, there = masked(fact, read[fact]), stored.get(fact, Counter())
            found.same[fact, release] += (here & there).total()
            missing, extra = list((here - there).elements()), list((there - here).elements())
            # The file does not determine the title of a thread without messages.
            if (missing or extra) and (here or fact != "title"):
                found.different[fact, release] += max(len(missing), len(extra))
                found.places.append((fact, files[0].path, extra, missing))
    return found


def masked(fact: str, found: Counter[object]) -> Counter[object]:
    """Mask texts as Tailboard does before it stores them."""
    if fact not in ("prompts", "title"):
        return found
    return Counter([mask(str(text)) for text in found.elements()])


def given_names(homes: Sequence[Path]) -> dict[str, str]:
    """The newest name that a user gave to each thread."""
    indexes = [path for home in homes if (path := home / "session_index.jsonl").exists()]
    lines = [line for path in indexes for line in path.read_text().splitlines()]
    reply = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
    return {one["id"]: one["thread_name"] for one in reply if one.get("thread_name")}


def table(found: Agreement) -> Iterator[str]:
    """The lines of a Markdown table of equal and different facts."""
    yield "| release | sessions | " + " | ".join(FACTS) + " |"
    yield "|---|--:|" + "--:|" * len(FACTS)
    releases = sorted(found.sessions, key=minor)
    for release in [*releases, "all"]:
        chosen = releases if release == "all" else [release]
        cells = [f"{sum(found.sessions[one] for one in chosen):,}"]
        for fact in FACTS:
            same = sum(found.same[fact, one] for one in chosen)
            different = sum(found.different[fact, one] for one in chosen)
            cells.append(f"{same:,}" + (f" / {different:,} differ" if different else ""))
        yield f"| {release} | " + " | ".join(cells) + " |"
