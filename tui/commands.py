"""All commands of the dashboard, each declared once with its keys.

A widget takes its commands by name with `bind`. The footer, the help, the palette and the `:` line
list the commands of the focused widget and its parents. The method for a command called `show-new`
is `action_show_new` of the widget that took it. Verbs of the CLI have the same name here.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct
from textual.binding import Binding, BindingType


class Command(Struct, frozen=True):
    name: str
    keys: str
    """Textual's names of the keys; the first one is shown. Empty if it has none."""
    label: str
    """In the footer."""
    help: str
    in_footer: bool = False
    """Whether the footer shows it while its pane has the focus."""
    argument: str = ""
    """What may follow the name in the `:` line; the action then gets it as a string."""
    changes_data: bool = False
    """Its key is ignored if it was typed before the screen was shown."""


def _table(*commands: Command) -> dict[str, Command]:
    table = {command.name: command for command in commands}
    if len(table) < len(commands):
        raise ValueError("two commands have the same name")
    return table


def _change(
    name: str, keys: str, label: str, text: str, *, argument: str = "", in_footer: bool = True
) -> Command:
    """A command that changes data."""
    return Command(name, keys, label, text, in_footer, argument, changes_data=True)


COMMANDS: Final = _table(
    # ── everywhere ──
    Command("board", "1", "Board", "Sessions that run, wait or failed, and what is left to do."),
    Command("tasks", "2", "Tasks", "The tasks of a project over all its sessions."),
    Command("pipeline", "3", "Pipeline", "Files, queue, errors: what is read, and what is not."),
    Command("journal", "4", "Journal", "What happened on each day, as a report."),
    Command(
        "search",
        "5",
        "Search",
        "Find messages, commands, files and plan steps.",
        argument="words",
    ),
    Command(
        "insights", "6", "Insights", "Charts of tokens, turn lengths, outcomes and disk usage."
    ),
    Command(
        "needs", "exclamation_mark", "needs you", "To what needs you: questions, stalls, failures."
    ),
    Command(
        "scope",
        "backslash",
        "scope",
        "Show everything, this project, this worktree, or the team.",
        argument="project",
    ),
    Command("go", "", "go to", "Go to a session, project or task by its name.", argument="name"),
    Command(
        "nudges", "Z", "bell", "Turn bell and notifications off or on: a session waits or failed."
    ),
    Command("command", "colon", "command", "Type a command; Tab completes it."),
    Command("palette", "ctrl+p", "palette", "Find a command by its name."),
    Command("help", "question_mark", "help", "List the commands available here."),
    Command("quit", "q,ctrl+c", "quit", "Quit. Reading that has started is finished first."),
    Command("back", "escape", "back", "Go back one level; clears a filter first."),
    Command("next-pane", "tab", "next pane", "Go to the next pane.", in_footer=True),
    Command("previous-pane", "shift+tab", "previous pane", "Go to the previous pane."),
    Command("jump", "f", "jump", "Go to a pane or row: type the letter that it then has."),
    Command("grow", "plus", "wider", "Make this pane wider; the border can also be dragged."),
    Command("shrink", "minus", "narrower", "Make this pane narrower."),
    Command("pause-updates", "p", "pause", "Pause or resume updates of this screen."),
    Command("theme", "ctrl+t", "theme", "Change the colours.", argument="name"),
    Command("suspend", "ctrl+z", "suspend", "Go to the shell; `fg` comes back."),
    Command("copy", "y", "copy", "Copy what is under the cursor.", in_footer=True),
    Command("copy-id", "Y", "copy id", "Copy its id or path."),
    Command("why", "w", "why", "Show what states and numbers come from."),
    # ── lists ──
    Command("open", "enter", "open", "Open the row under the cursor.", in_footer=True),
    Command(
        "filter",
        "slash",
        "filter",
        "Show only rows with these words; !word excludes.",
        in_footer=True,
        argument="words",
    ),
    Command("down", "j,down", "down", "Down one line."),
    Command("up", "k,up", "up", "Up one line."),
    Command("top", "g,home", "top", "To the first line; shows new rows."),
    Command("bottom", "G,end", "bottom", "To the last line; shows new rows."),
    Command("half-down", "ctrl+d", "half a page down", "Down half a page."),
    Command("half-up", "ctrl+u", "half a page up", "Up half a page."),
    Command("page-down", "pagedown,ctrl+f", "page down", "Down a page."),
    Command("page-up", "pageup,ctrl+b", "page up", "Up a page."),
    Command("show-new", "full_stop", "show new", "Show new rows in their place."),
    Command("mark", "space", "mark", "Mark this row and go to the next.", in_footer=True),
    Command("mark-all", "ctrl+a", "mark all", "Mark all rows that the filter shows, or none."),
    Command("sort", "s", "sort", "Sort by the next column."),
    Command("reverse", "S", "reverse", "Reverse the order."),
    Command("fold", "h,left", "fold", "Close this branch, or go to its parent."),
    Command("unfold", "l,right", "unfold", "Open this branch, or go to its first row."),
    Command("fold-all", "H", "fold all", "Close all branches; opens them if all are closed."),
    Command("view", "v", "view", "Show the same as a tree, a list or a graph.", in_footer=True),
    Command("find", "slash", "find", "Find words in the text.", in_footer=True, argument="words"),
    Command("next-match", "n", "next match", "To the next match."),
    Command("previous-match", "N", "previous match", "To the previous match."),
    # ── what needs the person ──
    Command("seen", "x", "seen", "Hide it until something new happens there.", in_footer=True),
    Command("unseen", "u", "undo seen", "Show what you marked as seen last."),
    # ── search ──
    Command("complete-word", "tab", "complete", "Complete a filter or its value.", in_footer=True),
    Command("results", "down", "results", "Go to the results.", in_footer=True),
    Command(
        "saved", "asterisk", "saved", "Save this search, or choose a saved one.", in_footer=True
    ),
    # ── insights ──
    Command("period", "T", "period", "Show 7, 30 or 90 days, or all time.", in_footer=True),
    Command("compare", "B", "compare", "Compare with the period before, or not.", in_footer=True),
    # ── the session ──
    Command("tools", "t", "tool output", "Tool output: off, short or full.", in_footer=True),
    Command("raw", "i", "raw line", "Show the line of Codex's file.", in_footer=True),
    Command("resume", "c", "resume", "Copy the command that resumes this session.", in_footer=True),
    Command(
        "resume-here",
        "C",
        "resume here",
        "Run `codex resume` in the folder of this session; the dashboard comes back afterwards.",
    ),
    Command(
        "replay",
        "greater_than_sign",
        "replay",
        "Show plan, files and tokens as they stood, one entry further.",
    ),
    Command("replay-back", "less_than_sign", "replay back", "The same, one entry back."),
    Command("play", "full_stop", "play", "In a replay: play it, or stop."),
    Command("lanes", "L", "lanes", "Show what ran when above the timeline, or hide it."),
    # ── the journal ──
    Command(
        "export",
        "e",
        "export",
        "Write a journal to a file; asks which one and shows where.",
        in_footer=True,
    ),
    _change(
        "auto-export",
        "ctrl+e",
        "automatic",
        "Write this project's journals automatically, or stop that.",
    ),
    # ── the pipeline ──
    Command("next-list", "right_square_bracket", "next list", "To the next list.", in_footer=True),
    Command("previous-list", "left_square_bracket", "previous list", "To the previous list."),
    _change("retry", "r", "retry", "Retry the marked rows, or the one at the cursor."),
    _change("retry-all", "R", "retry all", "Retry everything that the filter shows."),
    _change("snooze", "z", "snooze", "Do not retry the selected batches before a given time."),
    _change("cancel", "x", "cancel", "Cancel the selected batches; r retries them."),
    _change("reset", "X", "read again", "Delete what was read, and read it again."),
    _change("pause-queue", "P", "pause queue", "Pause the queue, or resume it."),
    Command("show-all", "A", "show all", "Show also what is done, or hide it."),
    Command("group", "v", "group", "Group the batches by error, file or session.", in_footer=True),
    # ── tasks ──
    Command(
        "next-ready", "ctrl+n", "next ready", "To the next task that is ready.", in_footer=True
    ),
    _change("complete", "d", "done", "Set this task to done."),
    _change("block", "b", "block", "Set this task to blocked.", argument="why"),
    _change("set", "equals_sign", "set state", "Set the state of this task.", argument="state"),
    _change("owner", "o", "owner", "Set its owner.", argument="name", in_footer=False),
    _change(
        "link",
        "D",
        "depends on",
        "Add a dependency: go to the other task, press Enter.",
        in_footer=False,
    ),
    _change("unlink", "delete,backspace", "unlink", "Remove a dependency.", in_footer=False),
    _change("add", "a", "add", "Add a task.", argument="text"),
    _change(
        "evidence",
        "E",
        "evidence",
        "Add evidence that it was done.",
        argument="kind what",
        in_footer=False,
    ),
    _change("note", "m", "note", "Add a note.", argument="text", in_footer=False),
    _change("undo", "u", "undo", "Undo your last edit."),
    _change(
        "reset-task",
        "U",
        "reset",
        "Remove all edits of this task; the log counts again.",
        in_footer=False,
    ),
    Command("choice", "F", "show", "Show all tasks, or only ready, blocked, stuck or done ones."),
    Command("narrow", "O", "narrow", "Show a project, a branch, a session, or everything."),
    Command("next-project", "right_curly_bracket", "next project", "To the next project."),
    Command("previous-project", "left_curly_bracket", "previous project", "To the previous one."),
    Command(
        "previous-revision",
        "left_square_bracket",
        "older plan",
        "Show the previous revision of the plan.",
    ),
    Command(
        "next-revision",
        "right_square_bracket",
        "newer plan",
        "Show the next revision of the plan.",
    ),
    Command("follow", "l,right", "follow", "Follow an edge to the next task."),
    Command("follow-back", "h,left", "follow back", "Follow an edge to the previous task."),
    # ── errors ──
    Command("reload", "enter", "reload", "Reload the screen and continue.", in_footer=True),
    Command("try-again", "r", "try again", "Try again now instead of waiting.", in_footer=True),
)
CONFIRM: Final = "confirm"
"""The action of the key that confirms a dialog."""
MOVEMENT: Final = (
    "down", "up", "top", "bottom", "half-down", "half-up", "page-down", "page-up",
)  # fmt: skip
"""Commands of every list and text; help lists them last."""
SCREENS: Final = ("board", "tasks", "pipeline", "journal", "search", "insights")
"""The screens in the order of their keys, 1 to 6."""


def action_of(name: str) -> str:
    return name.replace("-", "_")


def bind(*names: str, shown: bool | None = None, priority: bool = False) -> list[BindingType]:
    """The keys of these commands, for the `BINDINGS` of the widget that implements them."""
    return [_binding(COMMANDS[name], shown, priority=priority) for name in names]


def _binding(command: Command, shown: bool | None, *, priority: bool) -> Binding:
    return Binding(
        # Textual lists only bindings that have a key. No terminal sends this one.
        command.keys or f"f24+{command.name}",
        action_of(command.name),
        command.label,
        show=command.in_footer if shown is None else shown,
        tooltip=command.help,
        id=command.name,
        priority=priority,
    )


def command_of(binding: Binding) -> Command | None:
    """The command of a binding; None for bindings of Textual itself."""
    return COMMANDS.get(binding.id or "")


def changes_data(binding: Binding) -> bool:
    """Whether its key may change stored data."""
    command = command_of(binding)
    return command.changes_data if command is not None else binding.action == CONFIRM


_KEY_LABELS: Final = {
    "enter": "Enter", "escape": "Esc", "space": "Space", "slash": "/", "colon": ":",
    "question_mark": "?", "exclamation_mark": "!", "equals_sign": "=", "full_stop": ".",
    "less_than_sign": "<", "asterisk": "*", "plus": "+", "minus": "-", "greater_than_sign": ">",
    "backslash": "\\", "delete": "Del", "backspace": "Backspace", "tab": "Tab",
    "shift+tab": "Shift+Tab", "pagedown": "PgDn", "pageup": "PgUp", "home": "Home", "end": "End",
    "left_square_bracket": "[", "right_square_bracket": "]", "left_curly_bracket": "{",
    "right_curly_bracket": "}", "up": "↑", "down": "↓", "left": "←", "right": "→",
}  # fmt: skip


def keys_of(command: Command, remapped: Mapping[str, str]) -> str:
    """The keys of a command, as a person has set them in `[keys]` or as they are by default."""
    return remapped.get(command.name, command.keys)


def remapped_keys(words: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """The keys that the settings give to commands, as `retry=ctrl+r`, and what is wrong there."""
    keys, problems = {}, []
    for word in words:
        name, _, key = word.partition("=")
        if name not in COMMANDS:
            problems.append(f"[keys] There is no command “{name}”. ? lists the commands.")
        elif not key.strip():
            problems.append(f"[keys] “{name}” has no key.")
        else:
            keys[name] = key.strip()
    return keys, problems


def key_label(key: str) -> str:
    """A key as it is printed on the keyboard; empty for a command without a key."""
    if key.startswith("f24+"):
        return ""
    if key in _KEY_LABELS:
        return _KEY_LABELS[key]
    return key.replace("ctrl+", "Ctrl+") if "+" in key else key
