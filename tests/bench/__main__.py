"""`python -m tests.bench`: measures, prints a table and optionally writes it to a file.

Exits with 1 if an answer was wrong. A missed limit is reported, but is no error.
"""

import argparse
import sys
from contextlib import closing
from pathlib import Path

import msgspec
from platformdirs import user_cache_path

from tests.bench import machine, readme, screens, team
from tests.bench.figures import Results, table
from tests.bench.measures import FULL, QUICK, Bench
from tests.bench.screens import Screens

_SCREENS = {False: screens.FULL, True: screens.QUICK}
SCHEMA = "tailboard.bench/1"
_README = Path(__file__).parents[2] / "README.md"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small homes and few runs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--readme", action="store_true", help="write the table into README.md")
    parser.add_argument("--cache", type=Path, help="where homes are kept between runs")
    parser.add_argument("--team", action="store_true", help="only a team's store, on PostgreSQL")
    parser.add_argument("--screens", action="store_true", help="only the dashboard")
    parser.add_argument(
        "--live", type=float, metavar="SECONDS", help="only the memory of so long at work"
    )
    chosen = parser.parse_args()
    apart = chosen.screens or chosen.team or chosen.live is not None
    if chosen.readme and (chosen.quick or apart):
        parser.error("--readme takes the whole benchmark: small homes show other ratios")
    cache = chosen.cache or user_cache_path("tailboard") / "bench"
    cache.mkdir(parents=True, exist_ok=True, mode=0o700)
    results = Results(SCHEMA, chosen.quick, machine.described())
    busy = machine.busy()
    if busy:
        results.notes.append("Others were at work on this machine: the times are too long.")
    if chosen.team or not apart:
        team.run(results, quick=chosen.quick)
    if not apart:
        bench = Bench(QUICK if chosen.quick else FULL, cache, results)
        with closing(bench):
            bench.run()
    if not chosen.team:
        with closing(Screens(_SCREENS[chosen.quick], cache, results)) as dashboard:
            if chosen.live is None:
                dashboard.run()
            else:
                dashboard.live(chosen.live)
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


if __name__ == "__main__":
    sys.exit(main())
