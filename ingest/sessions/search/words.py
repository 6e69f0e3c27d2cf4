"""What a text is indexed and searched as: words without case and accents.

Every run of letters and digits is a word, so `src/foo_bar.py` is found by each of its parts and, as
these words one after the other, as a whole. Each CJK character is a word of its own. The parts of a
name such as `HTTPServer` are words, too. Pure.
"""

import re
import unicodedata
from functools import cache, lru_cache
from typing import Final

from tantivy import Filter, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

LONGEST: Final = 128
"""Most bytes of a word; longer ones (encoded data) are not indexed."""
_LONGEST_NAME: Final = 40
"""Most characters of a name whose parts are indexed."""
_CJK: Final = (
    (0x1100, 0x11FF), (0x2E80, 0x9FFF), (0xA960, 0xA97F), (0xAC00, 0xD7FF), (0xF900, 0xFAFF),
    (0xFF66, 0xFF9F), (0x20000, 0x3FFFF),
)  # fmt: skip
_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]+")
_SEPARATED: Final = bytes(
    code if code < 128 and chr(code).isalnum() else ord(" ") for code in range(256)
)
_CASES: Final = bytes(
    ord("a" if chr(code).islower() else "A" if chr(code).isupper() else "0")
    if code < 128 and chr(code).isalnum()
    else ord(" ")
    for code in range(256)
)
_CHANGES_OF_CASE: Final = (b"aA", b"0A", b"AAa")
"""Where a part of a name begins, or, in `AAa`, just after its first letter."""
_PART: Final = re.compile(rb"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


class _Folded(dict[int, str]):
    """Characters without accents; CJK ones with spaces around them."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        if any(first <= code <= last for first, last in _CJK):
            folded = f" {char} "
        elif unicodedata.category(char)[0] in "PSZ":
            folded = char  # It only separates words.
        else:
            folded = "".join(
                part for part in unicodedata.normalize("NFKD", char)
                if not unicodedata.combining(part)
            )  # fmt: skip
        self[code] = folded
        return folded


_FOLDED: Final = _Folded()


def fold(text: str) -> str:
    """The text without accents; case is left to the analyzer."""
    if text.isascii():
        return text
    return _NOT_ASCII.sub(lambda found: found[0].translate(_FOLDED), text)


@cache
def analyzer() -> TextAnalyzer:
    simple = TextAnalyzerBuilder(Tokenizer.simple())
    return simple.filter(Filter.remove_long(LONGEST + 1)).filter(Filter.lowercase()).build()


def words_of(text: str) -> list[str]:
    """The words of a text in their order, as they are indexed."""
    return analyzer().analyze(fold(text))


class Words:
    """The words of a text in ASCII, and the parts of its names in mixed case."""

    def __init__(self, folded: str) -> None:
        self._ascii = folded.encode("ascii", "replace")
        # Of the bytes, because that takes a third of the time.
        self.names = [] if self._ascii.islower() else self._name_parts()

    def lowered(self) -> bytes:
        """All words in lower case, also those of names, each between spaces."""
        words = self._ascii.translate(_SEPARATED)
        if self.names:
            words = b" ".join((words, *(name.encode() for name in self.names)))
        return b" %b " % words.lower()

    def _name_parts(self) -> list[str]:
        cases = self._ascii.translate(_CASES)
        names = set()
        for change in _CHANGES_OF_CASE:
            found = cases.find(change)
            while found >= 0:
                begin, end = cases.rfind(b" ", 0, found) + 1, cases.find(b" ", found)
                if end < 0:
                    end = len(cases)
                names.add(self._ascii[begin:end])
                found = cases.find(change, end)
        return [parts for name in names if (parts := _parts(name))]


@lru_cache(maxsize=20_000)
def _parts(name: bytes) -> str:
    if len(name) > _LONGEST_NAME or name.isupper():
        return ""
    return b" ".join(_PART.findall(name)).decode()
