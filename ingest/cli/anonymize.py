"""What a support bundle may contain: our own words, numbers, and placeholders for paths.

A path has the same placeholder throughout a bundle and a different one in the next bundle, so that
paths can be compared but not guessed.
"""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

_PATH = re.compile(r"(?:~|(?<![\w/]))/[^\s:;,'\"`()]+")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,40}(/[A-Za-z0-9_.+-]{1,40})?")
ODD = "odd"


class Anonymizer:
    def __init__(self, salt: bytes, known: Iterable[Path]) -> None:
        self._salt = salt
        # The longest paths first: one can contain another.
        self._known = sorted({str(path) for path in known}, key=len, reverse=True)

    def path(self, path: object) -> str:
        digest = hashlib.blake2b(str(path).encode(), key=self._salt, digest_size=4)
        return f"path-{digest.hexdigest()}"

    def text(self, text: str) -> str:
        """A sentence of the program, with placeholders for the paths in it."""
        for path in self._known:
            text = text.replace(path, self.path(path))
        return _PATH.sub(lambda found: self.path(found[0]), text)


def word(value: object) -> object:
    """The text if it is a plain identifier, else a placeholder."""
    if not isinstance(value, str):
        return value
    return value if _WORD.fullmatch(value) else ODD
