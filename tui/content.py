"""Makes `Content` from text: the only way text gets on a screen.

`Content` built here consists of sanitized text (`ingest.text.sanitize`). Nothing in it is read as
markup, nothing is a link. `tests/unit/tui/test_widgets_are_safe.py` checks that no widget is given
anything else. Colours are variables of the theme, so that each theme defines its tones.
"""

from typing import Final

from textual.content import Content

from ingest.text.sanitize import one_line, safe_text, truncate
from ingest.text.state_style import STATE_STYLES, UNKNOWN, batch_word

TONES: Final = {
    "green": "$text-success",
    "yellow": "$text-warning",
    "red": "$text-error",
    "magenta": "$text-secondary",
    "cyan": "$text-accent",
    "blue": "$text-primary",
    "bar": "$text-primary",
    "dim": "$foreground-muted",
    "bold": "bold",
    "title": "bold $text-primary",
}
"""Tones by name, with the styles of the theme."""


def line(text: str | int | None, tone: str = "", columns: int | None = None) -> Content:
    """One line of any text, truncated to `columns`."""
    shown = "" if text is None else f"{text:,}" if isinstance(text, int) else one_line(text)
    if columns is not None:
        shown = truncate(shown, columns)
    return Content.styled(shown, TONES.get(tone, tone)) if tone else Content(shown)


def block(text: str, tone: str = "") -> Content:
    """Text that may have several lines."""
    shown = safe_text(text)
    return Content.styled(shown, TONES.get(tone, tone)) if tone else Content(shown)


def glyph(word: str) -> Content:
    """The glyph of a state."""
    style = STATE_STYLES.get(word, UNKNOWN)
    return line(style.glyph, style.color)


def state(word: str, count: int | None = None) -> Content:
    """A state with its glyph and colour, and optionally how many there are of it."""
    style = STATE_STYLES.get(word, UNKNOWN)
    label = word.replace("_", " ")
    text = label if count is None else f"{count:,} {label}"
    return line(f"{style.glyph} {text}", style.color)


def batch_state(word: str, count: int | None = None) -> Content:
    """The state of a batch, in the words for people."""
    return state(batch_word(word), count)


def row(*parts: Content | str | None, gap: str = "  ") -> Content:
    """Parts side by side; empty ones are left out."""
    shown = [line(part) if isinstance(part, str) else part for part in parts if part]
    return Content(gap).join(part for part in shown if part.plain)


def titled(title: Content, text: str, indent: int, columns: int) -> Content:
    """A title and a text beside it, which is wrapped with a hanging indent."""
    first, *rest = line(text).wrap(max(16, columns - indent))
    blank = Content(" " * indent)
    start = title.pad_right(indent - title.cell_length) + first
    return lines(start, *(blank + more for more in rest))


def lines(*parts: Content | str) -> Content:
    """Parts below each other."""
    return Content("\n").join(line(part) if isinstance(part, str) else part for part in parts)
