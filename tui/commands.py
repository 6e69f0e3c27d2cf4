"""Everything that can be done at a key, each declared once.

A widget takes its commands by name with `bind`; the footer, the help, the palette and the `:` line
are made from what the focused widget and its parents have taken. A command called `show-new` is
carried out by `action_show_new` of whoever took it. Verbs of the CLI have the same name here.
"""

from typing import Final

from msgspec import Struct
from textual.binding import Binding, BindingType


class Command(Struct, frozen=True):
    name: str
    keys: str
    """As Textual calls them, the first one is shown; empty where only the name leads to it."""
    words: str
    """In the footer."""
    help: str
    shown: bool = False
    """In the footer of the pane that has the focus."""
    takes: str = ""
    """What may be written behind the name in the `:` line; then the action takes it as a text."""
    changes: bool = False
    """Whether it may change what is kept: its key must not be carried out unseen."""


def _table(*commands: Command) -> dict[str, Command]:
    found = {command.name: command for command in commands}
    if len(found) < len(commands):
        raise ValueError("two commands have the same name")
    return found


COMMANDS: Final = _table(
    # ── everywhere ──
    Command("board", "1", "Board", "What is going on, and what to do next."),
    Command("tasks", "2", "Tasks", "The plan of the whole project, over all its sessions."),
    Command("pipeline", "3", "Pipeline", "Whether everything is read, and if not, why."),
    Command("journal", "4", "Journal", "What happened, for people."),
    Command("search", "5", "Search", "Find messages, commands, files and plan steps."),
    Command("insights", "6", "Insights", "Tokens, times, outcomes and room, as pictures."),
    Command("command", "colon", "command", "Write a command; Tab completes it."),
    Command("palette", "ctrl+p", "palette", "Find a command by its name."),
    Command("help", "question_mark", "help", "What can be done here."),
    Command("quit", "q,ctrl+c", "quit", "Leave; whatever is being read is finished first."),
    Command("back", "escape", "back", "One level up; clears a filter first."),
    Command("next-pane", "tab", "next pane", "Go to the next pane.", shown=True),
    Command("previous-pane", "shift+tab", "previous pane", "Go to the pane before."),
    Command("pause-updates", "p", "pause", "Hold this screen still, or let it go on."),
    Command("theme", "", "theme", "Change the colours.", takes="name"),
    Command("suspend", "ctrl+z", "suspend", "Go back to the shell; `fg` comes back here."),
    Command("copy", "y", "copy", "Copy what is under the cursor.", shown=True),
    Command("copy-id", "Y", "copy id", "Copy its id or path."),
    Command("why", "w", "why", "Show what the figures are made of."),
    # ── lists ──
    Command("open", "enter", "open", "Go one level deeper.", shown=True),
    Command(
        "filter",
        "slash",
        "filter",
        "Show only what holds these words; !word leaves out.",
        shown=True,
        takes="words",
    ),
    Command("down", "j,down", "down", "One line down."),
    Command("up", "k,up", "up", "One line up."),
    Command("top", "g,home", "top", "To the first line, with what is new."),
    Command("bottom", "G,end", "bottom", "To the last line, with what is new."),
    Command("half-down", "ctrl+d", "half a page down", "Half a page down."),
    Command("half-up", "ctrl+u", "half a page up", "Half a page up."),
    Command("page-down", "pagedown,ctrl+f", "page down", "A page down."),
    Command("page-up", "pageup,ctrl+b", "page up", "A page up."),
    Command("show-new", "full_stop", "show new", "Put what is new where it belongs."),
    Command("mark", "space", "mark", "Mark this line, and go on to the next.", shown=True),
    Command("mark-all", "ctrl+a", "mark all", "Mark all lines that the filter shows, or none."),
    Command("sort", "s", "sort", "Sort by the next column."),
    Command("reverse", "S", "reverse", "Turn the order round."),
    Command("fold", "h,left", "fold", "Close this part, or go up to what holds it."),
    Command("unfold", "l,right", "unfold", "Open this part, or go down into it."),
    Command("find", "slash", "find", "Find words in the text.", shown=True, takes="words"),
    Command("next-match", "n", "next match", "To the next place that was found."),
    Command("previous-match", "N", "match before", "To the place before that was found."),
    # ── search ──
    Command("complete-word", "tab", "complete", "Complete a filter or its value.", shown=True),
    Command("results", "down", "results", "Go down to what was found.", shown=True),
    # ── insights ──
    Command("span", "t", "span", "Seven, thirty or ninety days, or all of it.", shown=True),
    Command("compare", "c", "compare", "Put the time before beside it, or not.", shown=True),
    # ── the session ──
    Command("tools", "t", "tool output", "Tool output: off, short, or full.", shown=True),
    Command("raw", "i", "raw line", "The line of Codex's file behind this.", shown=True),
    Command("resume", "c", "resume", "Copy the command that continues this session.", shown=True),
    # ── the journal ──
    Command(
        "export",
        "e",
        "export",
        "Write a journal to a file; first says which and where.",
        shown=True,
    ),
    Command(
        "auto-export",
        "A",
        "automatic",
        "Have this project's journals written by themselves, or not.",
        shown=True,
        changes=True,
    ),
    # ── the pipeline ──
    Command("next-list", "right_square_bracket", "next list", "To the next list.", shown=True),
    Command("previous-list", "left_square_bracket", "list before", "To the list before."),
    Command(
        "retry",
        "r",
        "retry",
        "Try again what is marked, or is at the cursor.",
        shown=True,
        changes=True,
    ),
    Command(
        "retry-all",
        "R",
        "retry all",
        "Try again all that the filter shows.",
        shown=True,
        changes=True,
    ),
    Command(
        "snooze", "z", "put off", "Put off what is meant, until a time.", shown=True, changes=True
    ),
    Command(
        "cancel",
        "x",
        "cancel",
        "Give up on what is meant, until it is retried.",
        shown=True,
        changes=True,
    ),
    Command(
        "reset",
        "X",
        "read again",
        "Forget what was read, and read it again.",
        shown=True,
        changes=True,
    ),
    Command(
        "pause-queue",
        "P",
        "pause queue",
        "Stop the queue, or let it go on.",
        shown=True,
        changes=True,
    ),
    Command("group", "g", "by error", "The kinds of errors instead of each batch.", shown=True),
    # ── tasks ──
    Command("view", "v", "view", "Graph, tree or table.", shown=True),
    Command("next-ready", "n", "next ready", "To the next task that can be done now.", shown=True),
    Command("complete", "c", "complete", "Say that this task is done.", shown=True, changes=True),
    Command(
        "block", "b", "block", "Say that it cannot go on.", shown=True, takes="why", changes=True
    ),
    Command("set", "s", "set state", "Say how it stands.", shown=True, takes="state", changes=True),
    Command("owner", "o", "owner", "Say whose it is.", takes="name", changes=True),
    Command(
        "link", "D", "depends on", "Say what it waits for: go there and press Enter.", changes=True
    ),
    Command("unlink", "x", "unlink", "Say that it does not wait for another one.", changes=True),
    Command("add", "a", "add", "Add a task.", shown=True, takes="text", changes=True),
    Command(
        "evidence",
        "E",
        "evidence",
        "Say what shows that it was done.",
        takes="kind what",
        changes=True,
    ),
    Command("note", "m", "note", "Note something at it.", takes="text", changes=True),
    Command("undo", "u", "undo", "Take back what you said last.", shown=True, changes=True),
    Command(
        "reset-task",
        "U",
        "reset",
        "Forget what was said of it; the log counts again.",
        changes=True,
    ),
    Command("choice", "f", "which", "All tasks, or only those ready, blocked, stuck or done."),
    Command("scope", "O", "scope", "This project, its branch, its session, or everything."),
    Command("next-project", "right_curly_bracket", "next project", "To the next project."),
    Command("previous-project", "left_curly_bracket", "project before", "To the one before."),
    Command("revision-before", "left_square_bracket", "rev before", "The plan before its change."),
    Command("revision-after", "right_square_bracket", "rev after", "The plan after its change."),
    Command("follow", "l,right", "follow", "Along an edge, to what comes after."),
    Command("follow-back", "h,left", "follow back", "Along an edge, to what comes before."),
    # ── what went wrong ──
    Command("go-on", "enter", "go on", "Make the screen anew, and go on.", shown=True),
    Command("try-again", "r", "try again", "Try it now instead of waiting.", shown=True),
)
AGREE: Final = "agree"
"""The action by which a dialog is told yes."""
MOVES: Final = (
    "down", "up", "top", "bottom", "half-down", "half-up", "page-down", "page-up",
)  # fmt: skip
"""What every list and text has; told after all that is particular."""
SCREENS: Final = ("board", "tasks", "pipeline", "journal", "search", "insights")
"""The screens, as the keys 1 to 6 have them."""


def action_of(name: str) -> str:
    return name.replace("-", "_")


def bind(*names: str, shown: bool | None = None, priority: bool = False) -> list[BindingType]:
    """The keys of these commands, for the `BINDINGS` of who carries them out."""
    return [_binding(COMMANDS[name], shown, priority=priority) for name in names]


def _binding(command: Command, shown: bool | None, *, priority: bool) -> Binding:
    return Binding(
        # A command without a key is found by its name; no terminal sends this one.
        command.keys or f"f24+{command.name}",
        action_of(command.name),
        command.words,
        show=command.shown if shown is None else shown,
        tooltip=command.help,
        id=command.name,
        priority=priority,
    )


def command_of(binding: Binding) -> Command | None:
    """The command behind a binding, if it is one of ours."""
    return COMMANDS.get(binding.id or "")


def changes(binding: Binding) -> bool:
    """Whether its key may change what is kept, without a question of its own."""
    command = command_of(binding)
    return command.changes if command is not None else binding.action == AGREE


_SIGNS: Final = {
    "enter": "Enter", "escape": "Esc", "space": "Space", "slash": "/", "colon": ":",
    "question_mark": "?", "full_stop": ".", "tab": "Tab", "shift+tab": "Shift+Tab",
    "pagedown": "PgDn", "pageup": "PgUp", "home": "Home", "end": "End", "left_square_bracket": "[",
    "right_square_bracket": "]", "left_curly_bracket": "{",
    "right_curly_bracket": "}", "up": "↑", "down": "↓", "left": "←", "right": "→",
}  # fmt: skip


def sign(key: str) -> str:
    """A key as it stands on the keyboard."""
    if key.startswith("f24+"):
        return ""
    if key in _SIGNS:
        return _SIGNS[key]
    return key.replace("ctrl+", "Ctrl+") if "+" in key else key
