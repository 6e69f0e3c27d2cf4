"""Makes text from logs safe for a terminal.

The result has no control characters, invisible characters or lone surrogates. `safe_text` keeps
line breaks, `one_line` folds them. JSON output does not need this: JSON escapes such characters.
"""

import re
import unicodedata

_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e"  # invisible in most fonts
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f"  # zero-width, separators, bidirectional
    "\ufe00-\ufe0f\ufeff\ufff9-\ufffb"  # variation selectors, BOM, interlinear
    "\U000e0000-\U000e0fff"  # tags and more variation selectors
)
UNSAFE = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff{_INVISIBLE}]")
"""Control and invisible characters; exporters escape the same ones in their own format."""
PLAIN_EMOJI = "\ufe0f"


def safe_text(text: str) -> str:
    """`text` with control and invisible characters made visible; tabs become spaces."""
    if text.isascii() and text.isprintable():
        return text
    return UNSAFE.sub(_visible, text).expandtabs(4)


def one_line(text: str) -> str:
    """`safe_text` on one line: every run of white space becomes one space."""
    return " ".join(safe_text(text).split())


def _visible(match: re.Match[str]) -> str:
    character = match[0]
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if code < 0xA0:
        return f"\\x{code:02x}"
    if 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    if character == PLAIN_EMOJI:
        return ""  # Only requests a coloured glyph; common after emoji.
    return f"<U+{code:04X}>"


def width(text: str) -> int:
    """The number of terminal columns of `text`, which must be safe."""
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def truncate(text: str, columns: int, ellipsis: str = "…") -> str:
    """`text`, shortened at its end to `columns` if necessary."""
    if width(text) <= columns:
        return text
    remaining = max(0, columns - width(ellipsis))
    taken = []
    for character in text:
        remaining -= _columns(character)
        if remaining < 0:
            break
        taken.append(character)
    return "".join(taken) + ellipsis[:columns]


def truncate_chars(text: str, chars: int) -> str:
    """The first `chars` characters of a text for a document, with a mark if there are more."""
    return text if len(text) <= chars else text[:chars].rstrip() + " …"


def truncate_start(text: str, columns: int, ellipsis: str = "…") -> str:
    """`text`, shortened at its start to `columns` if necessary."""
    return truncate(text[::-1], columns, ellipsis[::-1])[::-1]
