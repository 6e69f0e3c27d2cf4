"""Base of the widgets that draw their lines themselves. Resolves tones to styles of the theme."""

from typing import ClassVar

from rich.style import Style
from textual.scroll_view import ScrollView

from tui.content import TONES


def _css_rule(tone: str, style: str) -> str:
    declarations = (
        f"color: {word};" if word.startswith("$") else f"text-style: {word};"
        for word in style.split()
    )
    return f"ThemedView > .tone--{tone} {{ {' '.join(declarations)} }}"


class ThemedView(ScrollView):
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"tone--{tone}" for tone in TONES}
    DEFAULT_CSS = "\n".join(_css_rule(tone, style) for tone, style in TONES.items())

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._style_cache: dict[str, Style] = {}
        """For the current theme: resolving a style takes longer than drawing with it."""

    def notify_style_update(self) -> None:
        self._style_cache.clear()
        super().notify_style_update()

    def style_of(self, name: str = "") -> Style:
        """The style of a component class; of the widget itself if `name` is empty."""
        style = self._style_cache.get(name)
        if style is None:
            style = self.get_component_rich_style(name) if name else self.rich_style
            self._style_cache[name] = style
        return style

    def foreground_of(self, name: str) -> Style:
        """The style of a component class without its background, to add to another style."""
        key = f"foreground {name}"
        foreground = self._style_cache.get(key)
        if foreground is None:
            style = self.style_of(name)
            foreground = Style(color=style.color, bold=style.bold or None, dim=style.dim or None)
            self._style_cache[key] = foreground
        return foreground

    def tone_style(self, tone: str) -> Style:
        return self.foreground_of(f"tone--{tone}")
