"""Every command, declared once: the list in the help, the examples and the loading come from here.

It imports nothing, so that the help is there at once.
"""

from typing import Final, NamedTuple


class Entry(NamedTuple):
    name: str
    module: str
    """Where its `command` is; imported when it is called."""
    summary: str
    example: str


_HERE: Final = "ingest.cli.commands"

COMMANDS: Final = (
    Entry(
        "ingest",
        f"{_HERE}.ingest",
        "Read everything new, once; or stay and follow.",
        "tailboard ingest --follow",
    ),
    Entry(
        "status",
        f"{_HERE}.status",
        "What runs, waits and stalls, and how far everything is read.",
        "tailboard status --json",
    ),
    Entry(
        "sessions",
        f"{_HERE}.sessions",
        "List sessions, the newest first.",
        "tailboard sessions --project parser --since 7d",
    ),
    Entry(
        "show",
        f"{_HERE}.show",
        "One session: its turns, plan, commands, files and messages.",
        "tailboard show 019a3f --turn 2",
    ),
    Entry(
        "search",
        f"{_HERE}.search",
        "Find what was said, planned, run and changed.",
        'tailboard search "failing test" kind:command since:7d',
    ),
    Entry(
        "journal",
        f"{_HERE}.journal",
        "What happened, for people: a session, a day or a project, shown or exported.",
        "tailboard journal show --day yesterday",
    ),
    Entry(
        "state",
        f"{_HERE}.state",
        "The roadmap of a project as files: exported, compared, and taken back.",
        "tailboard state export --project parser",
    ),
    Entry(
        "resume",
        f"{_HERE}.resume",
        "Where a project was left: what to go on with, and why.",
        "tailboard resume --project parser --branch main",
    ),
    Entry(
        "usage",
        f"{_HERE}.usage",
        "Tokens spent, by day, model, project or session.",
        "tailboard usage --by model --since 30d",
    ),
    Entry(
        "tasks",
        f"{_HERE}.tasks",
        "What was to be done in a project, over all its sessions, and how it stands.",
        "tailboard tasks list --ready",
    ),
    Entry(
        "sources",
        f"{_HERE}.sources",
        "The files that are followed, and how far each is read.",
        "tailboard sources",
    ),
    Entry(
        "quarantine",
        f"{_HERE}.quarantine",
        "The lines that could not be read, and why.",
        "tailboard quarantine show 3:1024",
    ),
    Entry(
        "batches",
        f"{_HERE}.batches",
        "The queue: what waits, failed or was given up.",
        "tailboard batches list --state failed",
    ),
    Entry(
        "reset",
        f"{_HERE}.reset",
        "Forget what was derived from files, and have it read again.",
        "tailboard reset --session 019a3f --dry-run",
    ),
    Entry(
        "report",
        f"{_HERE}.report",
        "How the system ran, what is usual, and what takes the room.",
        "tailboard report --since 7d",
    ),
    Entry(
        "redact",
        f"{_HERE}.redact",
        "What of secrets and private text is stored, and away with it.",
        "tailboard redact scan",
    ),
    Entry(
        "prune",
        f"{_HERE}.prune",
        "Forget the history of finished work, and old facts if you want.",
        "tailboard prune --older-than 90d --dry-run",
    ),
    Entry(
        "verify",
        f"{_HERE}.verify",
        "Count again from the files, and compare with what is stored.",
        "tailboard verify --deep",
    ),
    Entry(
        "doctor",
        f"{_HERE}.doctor",
        "Look at what Tailboard depends on; each problem with its cure.",
        "tailboard doctor",
    ),
    Entry(
        "support-bundle",
        f"{_HERE}.support_bundle",
        "Versions, counts and findings for whoever helps you; no contents.",
        "tailboard support-bundle --out bundle.json",
    ),
    Entry(
        "demo",
        f"{_HERE}.demo",
        "See it at work on a made-up home, in a temporary folder.",
        "tailboard demo --headless 5",
    ),
    Entry(
        "sql",
        f"{_HERE}.sql",
        "Ask the documented views (v_sessions, v_turns, v_usage …) in SQL.",
        'tailboard sql "SELECT project, count(*) FROM v_sessions GROUP BY ALL"',
    ),
    Entry(
        "snapshot",
        f"{_HERE}.snapshot",
        "Write a copy for notebooks and other programs, while everything runs.",
        "tailboard snapshot --out copy.duckdb",
    ),
    Entry(
        "config",
        f"{_HERE}.config",
        "The settings, and which place each comes from.",
        "tailboard config show --sources",
    ),
    Entry(
        "completion",
        f"{_HERE}.completion",
        "Print what makes a shell complete commands and options.",
        "tailboard completion bash",
    ),
)
