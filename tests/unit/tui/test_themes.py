"""Contrast of the themes of our own: WCAG's 4.5 for all text on everything behind it."""

import pytest
from textual.color import Color
from textual.theme import Theme

from tui.content import TONES
from tui.themes import THEMES

BEHIND = ("background", "surface", "panel")
TEXTS = {
    "foreground",
    *(word[1:] for tone in TONES.values() for word in tone.split() if "$" in word),
}


def luminance(color: Color) -> float:
    parts = [part / 255 for part in color.rgb]
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(text: str, behind: str) -> float:
    below = Color.parse(behind)
    above = below + Color.parse(text)  # A text may be partly transparent.
    dark, light = sorted((luminance(above), luminance(below)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_every_text_has_enough_contrast(theme: Theme) -> None:
    colors = theme.to_color_system().generate() | theme.variables
    pairs = [(text, behind) for text in TEXTS for behind in BEHIND]
    pairs.append(("block-cursor-foreground", "block-cursor-background"))
    low = {
        pair: round(ratio, 2)
        for pair in pairs
        if (ratio := contrast(colors[pair[0]], colors[pair[1]])) < 4.5
    }
    assert low == {}
