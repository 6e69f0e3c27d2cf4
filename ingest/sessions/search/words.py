"""What a text is indexed and searched as: words without case and accents.

Every run of letters and digits is a word, so `src/foo_bar.py` is found by each of its parts and, as
these words one after the other, as a whole. Each CJK character is a word of its own. The parts of a
name such as `HTTPServer` are words, too. Pure.
"""

import re
import unicodedata
from functools import cache
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
_PART: Final = re.compile(rb"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


class _Folded(dict[int, str]):
    """Characters without accents; CJK ones with spaces around them."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        if any(first <= code <= last for first, last in _CJK):
            folded = f" {char} "
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


def separate(folded: str) -> bytes:
    """The ASCII words of a folded text, with blanks in between."""
    return folded.encode("ascii", "replace").translate(_SEPARATED)


def separate_words(folded: str) -> set[bytes]:
    """The ASCII words of a folded text, with their case."""
    return set(separate(folded).split())


def name_parts(words: set[bytes]) -> list[str]:
    """For each of these words that is a name in mixed case: its parts."""
    return [
        b" ".join(_PART.findall(word)).decode()
        for word in words
        if not (word.islower() or word.isupper() or word[1:].islower() or word.isdigit())
        and len(word) <= _LONGEST_NAME
    ]
