"""The screenshots, and the keys that lead to each from the board."""

from typing import Final, NamedTuple

Size = tuple[int, int]

USUAL: Final[Size] = (120, 40)


class Shot(NamedTuple):
    name: str
    keys: tuple[str, ...] = ()
    sizes: tuple[Size, ...] = (USUAL,)

    def file(self, size: Size) -> str:
        return self.name if size == USUAL else f"{self.name}-{size[0]}x{size[1]}"


class Printed(NamedTuple):
    """The output of a command, as a picture."""

    name: str
    arguments: tuple[str, ...]
    columns: int = 110


class Step(NamedTuple):
    """A picture of the tour."""

    caption: str
    keys: tuple[str, ...] = ()
    seconds: float = 2.5
    theme: str = ""


TOUR: Final = "tour"
STEPS: Final = (
    Step("The board: what needs you, and what runs", ("j",), 3.5),
    Step("Enter: what ran when, and each thing that was done", ("enter", "L"), 3.0),
    Step("Each entry in full, down to the raw line", tuple("jjjjjjjj")),
    Step("< replays it: plan, files and tokens as they stood", ("less_than_sign",), 3.0),
    Step(
        "! and Enter: the question that waits for you", ("escape", "exclamation_mark", "enter"), 3.0
    ),
    Step("2: the tasks of a project, over all its sessions", ("2",), 3.0),
    Step("3: what is read, what failed and why", ("3",)),
    Step("4: the journal of each day", ("4", *"jjjjjjjj", "enter", "j"), 3.0),
    Step("5: search in everything that was said and done", ("5", *"tests"), 1.5),
    Step("5: search in everything that was said and done", ("space", *"ascii", "down", "down")),
    Step("6: tokens, time, context, and commands that fail", ("6",), 3.0),
    Step("A light theme, one of four", ("1", "escape", "escape"), 3.0, "paper"),
)

PRINTED: Final = (Printed("resume", ("resume", "--project", "parser")),)
SHOTS: Final = (
    Shot("board", ("j",), ((80, 24), USUAL, (200, 50))),
    Shot("session", ("j", "enter", "L", *"jjjjjjjj")),
    Shot("tasks", ("2",)),
    Shot("pipeline", ("3",)),
    Shot("journal", ("4", *"jjjjjjjj", "enter", "j")),
    Shot("search", ("5", *"tests", "space", *"ascii", "down", "down")),
    Shot("insights", ("6",)),
    Shot("help", ("question_mark",)),
)
