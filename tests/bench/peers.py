"""Other programs that read the same home, in pairs with Tailboard: `--peers`.

Only programs that are installed (on the path) are run, each with a home folder of its own, without
updates and telemetry. A ratio is the median over pairs of Tailboard's duration to theirs.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Final

from msgspec import Struct

from tests.bench import baseline, corpus
from tests.bench.corpus import Shape
from tests.bench.figures import Figure, Results
from tests.bench.process import Ended, run
from tests.bench.subject import Subject, emptied

PAIRS = 3
COLD_TO_FAST_RESUME = 2.0
WORD = "marker"
_QUIET: Final = {
    "AGENTSVIEW_NO_DAEMON": "1",
    "AGENTSVIEW_TELEMETRY_ENABLED": "0",
    "AGENTSVIEW_DISABLE_UPDATE_CHECK": "1",
    "DO_NOT_TRACK": "1",
}


class Peer(Struct, frozen=True):
    program: str
    version: tuple[str, ...]
    stores: str
    read: tuple[str, ...] = ()
    """The command that reads everything anew and stores it."""
    search: tuple[str, ...] = ()
    usage: tuple[str, ...] = ()
    """The command that shows the tokens of each day, up to date."""
    limit: float | None = None
    """Of the ratio of reading."""


PEERS: Final = (
    Peer(
        "fast-resume",
        ("--version",),
        "a search index of prompts and answers",
        read=("--rebuild", "--list", "--limit", "20"),
        search=("--no-refresh", "--list", "--limit", "20", WORD),
        limit=COLD_TO_FAST_RESUME,
    ),
    Peer(
        "agentsview",
        ("version",),
        "messages and tool calls with their outputs, and an index of them",
        read=("sync",),
    ),
    Peer(
        "ccusage",
        ("--version",),
        "nothing: it reads everything at each start",
        usage=("codex", "daily", "--offline"),
    ),
)


class Peers:
    def __init__(self, shape: Shape, cache: Path, results: Results) -> None:
        self._home = corpus.prepare(shape, cache)
        self._results = results
        self._folder = emptied(cache / "peers")
        self._db = self._folder / "db" / "tailboard.duckdb"
        self._subject = Subject(self._folder)

    def run(self) -> None:
        baseline.python_count(self._home.paths)  # Now all files are in the page cache.
        for peer in PEERS:
            program = shutil.which(peer.program)
            if program is None:
                self._results.notes.append(f"`{peer.program}` is not installed: not compared.")
                continue
            self._results.notes.append(
                f"Compared with {peer.program} {self._version(program, peer)}, "
                f"which stores {peer.stores}."
            )
            self._compare(program, peer)
        shutil.rmtree(self._folder)

    def _version(self, program: str, peer: Peer) -> str:
        ended = run([program, *peer.version], self._environment())
        return next((word for word in ended.out.split() if word.strip("v")[:1].isdigit()), "?")

    def _environment(self) -> dict[str, str]:
        return {**self._subject.env, **_QUIET, "HOME": str(self._folder / "user")}

    def _compare(self, program: str, peer: Peer) -> None:
        name = self._home.truth.shape.name

        def theirs(*arguments: str) -> Ended:
            return run([program, *arguments], self._environment())

        def ours(command: str, *arguments: str) -> Ended:
            where = ["--codex-home", str(self._home.home), "--db", str(self._db)]
            return run([*self._subject.program, command, *arguments, *where], self._subject.env)

        def read_anew() -> Ended:
            self._user()
            return theirs(*peer.read)

        def ingest_anew() -> Ended:
            emptied(self._db.parent)
            return ours("ingest", "--json")

        def list_anew() -> Ended:
            """Theirs indexes before it lists; ours does so afterwards, in the background."""
            emptied(self._db.parent)
            seen = self._subject.until_listed(self._home.home, self._db)
            return Ended(seen.wall, 0, 0, 0, "", "")

        self._user()
        if peer.read:
            self._pairs(
                f"{name} cold, to `{peer.program} {peer.read[0]}`",
                ingest_anew,
                read_anew,
                more=lambda: f"stored {_megabytes(self._db.parent)}, they {self._stored()}",
            )
            if peer.limit is not None:
                self._pairs(
                    f"{name} cold: sessions listed, to `{peer.program} {peer.read[0]}`",
                    list_anew,
                    read_anew,
                    peer.limit,
                )
        else:
            ingest_anew()
        if peer.search:
            self._pairs(
                f"a search on {name}, to `{peer.program} --no-refresh`",
                lambda: ours("search", "--limit", "20", WORD),
                lambda: theirs(*peer.search),
            )
        if peer.usage:
            # Both are up to date then.
            self._pairs(
                f"`ingest` and `usage` on {name}, to `{peer.program} {' '.join(peer.usage[:2])}`",
                lambda: _both(ours("ingest", "--json"), ours("usage")),
                lambda: theirs(*peer.usage),
            )

    def _user(self) -> None:
        """A home folder whose Codex home is the corpus, and in which nothing was stored yet."""
        (emptied(self._folder / "user") / ".codex").symlink_to(self._home.home)

    def _stored(self) -> str:
        return _megabytes(self._folder / "user")

    def _pairs(
        self,
        name: str,
        ours: Callable[[], Ended],
        theirs: Callable[[], Ended],
        limit: float | None = None,
        more: Callable[[], str] = str,
    ) -> None:
        pairs = [(ours(), theirs()) for _ in range(PAIRS)]
        ratios = [one.wall / other.wall for one, other in pairs]
        walls, cpus = (
            [median(getattr(ended, what) for ended in side) for side in zip(*pairs, strict=True)]
            for what in ("wall", "cpu")
        )
        detail = [f"{walls[0]:.2f} to {walls[1]:.2f} s"]
        if cpus[0]:
            ratio = cpus[0] / cpus[1]
            detail.append(f"processor {cpus[0]:.2f} to {cpus[1]:.2f} s, {ratio:.2f} ×")
        detail += filter(None, [more()])
        homes = self._home.truth.shape.name
        self._results.figures.append(
            Figure(name, median(ratios), "×", limit, "", "; ".join(detail), ratios, homes)
        )


def _both(first: Ended, second: Ended) -> Ended:
    return Ended(first.wall + second.wall, first.cpu + second.cpu, 0, 0, "", "")


def _megabytes(folder: Path) -> str:
    size = sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_symlink())
    return f"{size / 1e6:.0f} MB"
