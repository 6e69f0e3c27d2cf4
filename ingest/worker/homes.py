"""The Codex homes that are followed, each with an identity that is the same at every start."""

import hashlib
import platform
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct


class Home(Struct, frozen=True):
    id: str
    path: Path


def machine() -> str:
    """What tells this machine from others, as well as it can be known without asking anybody."""
    for path in (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id")):
        try:
            if text := path.read_text(encoding="ascii").strip():
                return text
        except (OSError, UnicodeDecodeError):
            continue  # Not on this system: the next, or the host's name.
    return platform.node()


def homes(paths: Iterable[Path]) -> list[Home]:
    """The homes at these paths, each once. A home is its machine and its resolved path."""
    found: dict[str, Home] = {}
    for path in paths:
        resolved = path.expanduser().resolve()
        text = f"{machine()}:{resolved}"
        home_id = hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=8)
        home = Home(home_id.hexdigest(), resolved)
        found.setdefault(home.id, home)
    return list(found.values())


def home_of(homes: Iterable[Home], path: Path) -> Home | None:
    """The home a path lies in."""
    return next((home for home in homes if path.is_relative_to(home.path)), None)
