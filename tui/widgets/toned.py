"""What is drawn line by line by ourselves, in the tones of `safe`, each with the theme's colours.

What is drawn, and where, is for the subclass.
"""

from typing import ClassVar

from rich.style import Style
from textual.scroll_view import ScrollView

from tui.content import TONES


def _rule(tone: str, look: str) -> str:
    said = (
        f"color: {one};" if one.startswith("$") else f"text-style: {one};" for one in look.split()
    )
    return f"Toned > .tone--{tone} {{ {' '.join(said)} }}"


class Toned(ScrollView):
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"tone--{tone}" for tone in TONES}
    DEFAULT_CSS = "\n".join(_rule(tone, look) for tone, look in TONES.items())

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._looks: dict[str, Style] = {}
        """As the theme has them now: to work one out takes longer than to draw with it."""

    def notify_style_update(self) -> None:
        self._looks.clear()
        super().notify_style_update()

    def look(self, name: str = "") -> Style:
        """How what is of this class looks; of none, the widget itself."""
        found = self._looks.get(name)
        if found is None:
            found = self.get_component_rich_style(name) if name else self.rich_style
            self._looks[name] = found
        return found

    def over(self, name: str) -> Style:
        """What of a class may lie over the background of what it stands in."""
        found = self._looks.get(f"over {name}")
        if found is None:
            style = self.look(name)
            found = Style(color=style.color, bold=style.bold or None, dim=style.dim or None)
            self._looks[f"over {name}"] = found
        return found

    def tone(self, tone: str) -> Style:
        return self.over(f"tone--{tone}")
