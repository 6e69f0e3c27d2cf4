"""The table of keys: a letter means one thing on all screens."""

from collections import defaultdict
from typing import Final

from tui.commands import COMMANDS, remapped_keys

SHARED: Final = {
    "r": {"retry", "try-again"},  # try again
    "v": {"view", "group"},  # another form of the same list
    "x": {"seen", "cancel"},  # no more of this
    "u": {"unseen", "undo"},  # undo
    "h": {"fold", "follow-back"},  # left
    "l": {"unfold", "follow"},  # right
}
"""Letters of several commands, which mean the same on their screens."""


def test_a_letter_means_one_thing_on_all_screens() -> None:
    commands: defaultdict[str, set[str]] = defaultdict(set)
    for command in COMMANDS.values():
        for key in command.keys.split(","):
            if len(key) == 1:
                commands[key].add(command.name)
    assert {key: names for key, names in commands.items() if len(names) > 1} == SHARED


def test_keys_of_the_settings_are_checked() -> None:
    keys, problems = remapped_keys(["retry=ctrl+r", "fly=f", "reset="])
    assert keys == {"retry": "ctrl+r"}
    assert len(problems) == 2
    assert "“fly”" in problems[0]
