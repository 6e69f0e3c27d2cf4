"""What a bundle for support may say: words of ours, numbers, and paths as nothing but a mark.

The mark of a path is the same within a bundle and another in the next, so that it can be compared
and not guessed.
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
        # The longest first: one may lie in another, and one with a space in it is not found else.
        self._known = sorted({str(path) for path in known}, key=len, reverse=True)

    def path(self, path: object) -> str:
        digest = hashlib.blake2b(str(path).encode(), key=self._salt, digest_size=4)
        return f"path-{digest.hexdigest()}"

    def text(self, text: str) -> str:
        """A sentence of ours, without the paths in it."""
        for path in self._known:
            text = text.replace(path, self.path(path))
        return _PATH.sub(lambda found: self.path(found[0]), text)


def word(value: object) -> object:
    """A name out of a log, if it is no more than a name."""
    if not isinstance(value, str):
        return value
    return value if _WORD.fullmatch(value) else ODD
