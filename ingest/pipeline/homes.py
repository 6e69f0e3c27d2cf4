"""The Codex homes that are followed, each with an id that is the same at every start."""

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from msgspec import Struct


class Home(Struct, frozen=True):
    id: str
    path: Path


def homes(paths: Iterable[Path]) -> list[Home]:
    """The homes at these paths, without duplicates. The id depends on the resolved path alone: a
    host name changes with the network. `0005_homes.sql` computes the same id."""
    found: dict[str, Home] = {}
    for path in paths:
        resolved = path.expanduser().resolve()
        digest = sha256(storable(str(resolved)).encode()).hexdigest()
        found.setdefault(digest, Home(digest[:16], resolved))
    return list(found.values())


def home_of(homes: Iterable[Home], path: Path) -> Home | None:
    """The home that contains the path."""
    return next((home for home in homes if path.is_relative_to(home.path)), None)


def storable(path: str) -> str:
    """The path as valid Unicode: bytes that are not UTF-8 are escaped. Not for opening the file."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
