"""What is drawn line by line by ourselves, in the tones of `safe`, each with the theme's colours.

What is drawn, and where, is for the subclass.
"""

from typing import ClassVar

from rich.style import Style
from textual.scroll_view import ScrollView

from tui.safe import TONES


def _rule(tone: str, look: str) -> str:
    said = (
        f"color: {one};" if one.startswith("$") else f"text-style: {one};" for one in look.split()
    )
    return f"Toned > .tone--{tone} {{ {' '.join(said)} }}"


class Toned(ScrollView):
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"tone--{tone}" for tone in TONES}
    DEFAULT_CSS = "\n".join(_rule(tone, look) for tone, look in TONES.items())

    def over(self, name: str) -> Style:
        """What of a class may lie over the background of what it stands in."""
        style = self.get_component_rich_style(name)
        return Style(color=style.color, bold=style.bold or None, dim=style.dim or None)

    def tone(self, tone: str) -> Style:
        return self.over(f"tone--{tone}")
