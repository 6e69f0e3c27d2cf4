"""`python -m tests.bench`: measures, prints a table and optionally writes it to a file.

Without options it measures everything but large homes and other programs, which take long or must
be installed. `--readme` adds what is named to that; all other options measure only what they name.

Exits with 1 if an answer was wrong. A missed limit is reported, but is no error. Ctrl+C prints the
table of what was measured so far.
"""

import argparse
import sys
from contextlib import closing
from pathlib import Path

import msgspec
from msgspec import Struct
from platformdirs import user_cache_path

from tests.bench import machine, readme, screens, team
from tests.bench.figures import Results, table
from tests.bench.large import Large
from tests.bench.measures import FULL, QUICK, Bench
from tests.bench.peers import Peers
from tests.bench.screens import Screens

_PARTS = ("team", "screens", "peers", "large")
_SCREENS = {False: screens.FULL, True: screens.QUICK}
SCHEMA = "tailboard.bench/1"
_README = Path(__file__).parents[2] / "README.md"


class _Chosen(Struct):
    """What is measured, and where the results go."""

    parts: set[str]
    live: float | None
    quick: bool
    readme: bool
    json: Path | None
    cache: Path


def _chosen() -> _Chosen:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small homes and few runs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--readme", action="store_true", help="write the table into README.md")
    parser.add_argument("--cache", type=Path, help="where homes are kept between runs")
    parser.add_argument("--team", action="store_true", help="a team's store, on PostgreSQL")
    parser.add_argument("--screens", action="store_true", help="the dashboard")
    parser.add_argument("--peers", action="store_true", help="other programs on the same home")
    parser.add_argument("--large", action="store_true", help="4 GB, and 100,000 sessions")
    parser.add_argument(
        "--live", type=float, metavar="SECONDS", help="the memory of so long at work"
    )
    chosen = parser.parse_args()
    if chosen.readme and chosen.quick:
        parser.error("--readme takes the whole benchmark: small homes show other ratios")
    named = {part for part in _PARTS if getattr(chosen, part)}
    if chosen.readme or not (named or chosen.live):
        named |= {"team", "home", "screens"}
    cache = chosen.cache or user_cache_path("tailboard") / "bench"
    return _Chosen(named, chosen.live, chosen.quick, chosen.readme, chosen.json, cache)


def main() -> int:
    chosen = _chosen()
    chosen.cache.mkdir(parents=True, exist_ok=True, mode=0o700)
    results = Results(SCHEMA, chosen.quick, machine.described())
    busy = machine.busy()
    if busy:
        results.notes.append("Others were at work on this machine: the times are too long.")
    try:
        _measure(chosen, results)
    except KeyboardInterrupt:
        results.notes.append("Interrupted: what is missing was not measured.")
    results.machine["load after"] = f"{machine.load_now():.1f}"
    results.judge()
    text = table(results)
    print(text)
    if chosen.json:
        chosen.json.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=2))
    if chosen.readme and not results.right:
        print("README.md is left as it is: there were wrong answers.", file=sys.stderr)
    elif chosen.readme and busy:
        print("README.md is left as it is: the machine was busy.", file=sys.stderr)
    elif chosen.readme:
        readme.write(_README, results)
    return 0 if results.right else 1


def _measure(chosen: _Chosen, results: Results) -> None:
    cache, named, plan = chosen.cache, chosen.parts, QUICK if chosen.quick else FULL
    if "team" in named:
        team.run(results, quick=chosen.quick)
    if "home" in named:
        with closing(Bench(plan, cache, results)) as bench:
            bench.run()
    if "peers" in named:
        Peers(plan.many, cache, results).run()
    if "screens" in named or chosen.live:
        with closing(Screens(_SCREENS[chosen.quick], cache, results)) as dashboard:
            if chosen.live:
                dashboard.live(chosen.live)
            else:
                dashboard.run()
    if "large" in named:
        Large(cache, results, quick=chosen.quick).run()


if __name__ == "__main__":
    sys.exit(main())
