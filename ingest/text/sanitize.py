"""The one gate between text from logs and a terminal: nothing in it can act, all of it is seen.

Promises text without control characters, hidden characters or lone surrogates. Line breaks stay
in `safe_text` and are folded by `one_line`; JSON output does not pass here, it escapes by itself.
"""

import re
import unicodedata

_HIDDEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e"  # invisible in most fonts
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f"  # zero-width, separators, bidirectional
    "\ufe00-\ufe0f\ufeff\ufff9-\ufffb"  # variation selectors, BOM, interlinear
    "\U000e0000-\U000e0fff"  # tags and more variation selectors
)
UNSAFE = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff{_HIDDEN}]")
"""What acts or hides: other places escape the same in their own way."""
PLAIN_EMOJI = "\ufe0f"


def safe_text(text: str) -> str:
    """`text` with every character that could act or hide made visible; tabs become spaces."""
    if text.isascii() and text.isprintable():
        return text
    return UNSAFE.sub(_visible, text).expandtabs(4)


def one_line(text: str) -> str:
    """The same on one line: every run of white space is one space."""
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
        return ""  # Asks for colour only, and stands behind every second emoji.
    return f"<U+{code:04X}>"


def width(text: str) -> int:
    """How many columns of a terminal the (safe) text takes."""
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def truncate(text: str, columns: int, ellipsis: str = "…") -> str:
    """The text, or as much of it as fits with an ellipsis behind it."""
    if width(text) <= columns:
        return text
    room = max(0, columns - width(ellipsis))
    taken = []
    for character in text:
        room -= _columns(character)
        if room < 0:
            break
        taken.append(character)
    return "".join(taken) + ellipsis[:columns]


def truncate_start(text: str, columns: int, ellipsis: str = "…") -> str:
    """The text, or as much of its end as fits with an ellipsis before it."""
    return truncate(text[::-1], columns, ellipsis[::-1])[::-1]
