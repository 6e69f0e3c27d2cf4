"""Themes besides those of Textual: the default, a light one, one of high contrast, and one whose
colours can be told apart with any kind of colour-blindness (after Okabe and Ito).

`tests/unit/tui/test_themes.py` checks the contrast of every text on everything behind it.
"""

from typing import Final

from textual.theme import Theme

DEFAULT: Final = "tailboard"
HIGH_CONTRAST: Final = "high-contrast"
PAPER: Final = "paper"

THEMES: Final = (
    Theme(
        name=DEFAULT,
        primary="#6cb6ff",
        secondary="#d2a8ff",
        accent="#56d4dd",
        success="#57c26e",
        warning="#e3b341",
        error="#f47067",
        foreground="#d6dae0",
        background="#12151a",
        surface="#191d24",
        panel="#222833",
        dark=True,
        variables={
            "block-cursor-background": "#2f5a8f",
            "block-cursor-foreground": "#ffffff",
            "foreground-muted": "#9da6b3",
            "pane-border": "#39414e",
            "scrollbar": "#39414e",
            "scrollbar-background": "#191d24",
        },
    ),
    Theme(
        name=PAPER,
        primary="#1d5a9e",
        secondary="#74368f",
        accent="#00626b",
        success="#22632a",
        warning="#7d4e00",
        error="#a92018",
        foreground="#28241f",
        background="#f7f3ea",
        surface="#efe9dc",
        panel="#e6dece",
        dark=False,
        variables={
            "block-cursor-background": "#1d5a9e",
            "block-cursor-foreground": "#ffffff",
            "foreground-muted": "#5c554b",
            "text-success": "#22632a",
            "text-warning": "#7d4e00",
            "text-error": "#a92018",
            "text-primary": "#1d5a9e",
            "text-secondary": "#74368f",
            "text-accent": "#00626b",
            "pane-border": "#b9ae98",
            "scrollbar": "#b9ae98",
            "scrollbar-background": "#efe9dc",
        },
    ),
    Theme(
        name=HIGH_CONTRAST,
        primary="#00d7ff",
        secondary="#ff87ff",
        accent="#00ffff",
        success="#00ff5f",
        warning="#ffff00",
        error="#ff5f5f",
        foreground="#ffffff",
        background="#000000",
        surface="#000000",
        panel="#1c1c1c",
        dark=True,
        variables={
            "block-cursor-background": "#ffffff",
            "block-cursor-foreground": "#000000",
            "foreground-muted": "#d0d0d0",
            "text-success": "#00ff5f",
            "text-warning": "#ffff00",
            "text-error": "#ff8787",
            "text-primary": "#00d7ff",
            "text-secondary": "#ff87ff",
            "text-accent": "#00ffff",
        },
    ),
    Theme(
        name="colour-blind",
        primary="#56b4e9",
        secondary="#cc79a7",
        accent="#56b4e9",
        success="#009e73",
        warning="#f0e442",
        error="#d55e00",
        foreground="#e0e0e0",
        background="#101214",
        surface="#181b1f",
        panel="#23272d",
        dark=True,
        variables={
            "block-cursor-background": "#0072b2",
            "block-cursor-foreground": "#ffffff",
            "foreground-muted": "#a3a6aa",
            "text-success": "#2cc59a",
            "text-warning": "#f0e442",
            "text-error": "#ff8c3b",
            "text-primary": "#56b4e9",
            "text-secondary": "#e09bc4",
            "text-accent": "#56b4e9",
        },
    ),
)
