"""The only way text becomes pixels: made harmless, never markup, in one of a few tones.

`Content` built here holds text that passed `ingest.text.sanitize`; nothing in it is read as markup,
nothing is a link. `tests/unit/tui/test_widgets_are_safe.py` holds all widgets to it. Colours are
names of the theme, so that each theme says how its tones look.
"""

from typing import Final

from textual.content import Content

from ingest.text.sanitize import one_line, safe_text, truncate
from ingest.text.state_style import STATE_STYLES, UNKNOWN

TONES: Final = {
    "green": "$text-success",
    "yellow": "$text-warning",
    "red": "$text-error",
    "magenta": "$text-secondary",
    "cyan": "$text-accent",
    "blue": "$text-primary",
    "dim": "$foreground-muted",
    "bold": "bold",
    "title": "bold $text-primary",
}
"""What the tones are called by who says how something looks, and by the theme."""


def line(text: str | int | None, tone: str = "", columns: int | None = None) -> Content:
    """One line of anything, cut where it has to be."""
    shown = "" if text is None else f"{text:,}" if isinstance(text, int) else one_line(text)
    if columns is not None:
        shown = truncate(shown, columns)
    return Content.styled(shown, TONES.get(tone, tone)) if tone else Content(shown)


def block(text: str, tone: str = "") -> Content:
    """Text of several lines, as it stands."""
    shown = safe_text(text)
    return Content.styled(shown, TONES.get(tone, tone)) if tone else Content(shown)


def glyph(word: str) -> Content:
    """The sign of a state."""
    look = STATE_STYLES.get(word, UNKNOWN)
    return line(look.glyph, look.color)


def state(word: str, count: int | None = None) -> Content:
    """A state: its sign, its word and its colour; or how many are in it."""
    look = STATE_STYLES.get(word, UNKNOWN)
    shown = word.replace("_", " ")
    said = shown if count is None else f"{count:,} {shown}"
    return line(f"{look.glyph} {said}", look.color)


def row(*parts: Content | str | None, gap: str = "  ") -> Content:
    """Parts side by side; those that are empty take no room. A `str` is a word of our own."""
    shown = [line(part) if isinstance(part, str) else part for part in parts if part]
    return Content(gap).join(part for part in shown if part.plain)


def beside(title: Content, text: str, indent: int, columns: int) -> Content:
    """One line of anything behind a title, wrapped so that all of it stays behind it."""
    first, *rest = line(text).wrap(max(16, columns - indent))
    blank = Content(" " * indent)
    behind = title.pad_right(indent - title.cell_length) + first
    return lines(behind, *(blank + one for one in rest))


def lines(*parts: Content | str) -> Content:
    """Parts below each other."""
    return Content("\n").join(line(part) if isinstance(part, str) else part for part in parts)
