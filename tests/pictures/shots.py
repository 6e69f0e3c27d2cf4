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
