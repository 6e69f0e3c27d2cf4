"""Every command, declared once: the help, the examples and the loader use this table.

Imports nothing, so that `--help` is fast.
"""

from typing import Final, NamedTuple


class Entry(NamedTuple):
    name: str
    module: str
    """The module with the function `command`; imported when the command is called."""
    summary: str
    example: str
    memory: bool = False
    """Whether the setting `memory_enabled` switches it off."""


_HERE: Final = "ingest.cli.commands"

COMMANDS: Final = (
    Entry(
        "ingest",
        f"{_HERE}.ingest",
        "Read all new data once, or keep running with --follow.",
        "tailboard ingest --follow",
    ),
    Entry(
        "status",
        f"{_HERE}.status",
        "Show running, waiting and stalled sessions, the queue and the backlog.",
        "tailboard status --json",
    ),
    Entry(
        "sessions",
        f"{_HERE}.sessions",
        "List sessions, most recently active first.",
        "tailboard sessions --project parser --since 7d",
    ),
    Entry(
        "show",
        f"{_HERE}.show",
        "Show one session: turns, plan, commands, files and messages.",
        "tailboard show 019a3f --turn 2",
    ),
    Entry(
        "search",
        f"{_HERE}.search",
        "Search prompts, answers, plans, commands, output and file changes.",
        'tailboard search "failing test" kind:command since:7d',
    ),
    Entry(
        "get",
        f"{_HERE}.get",
        "Show one item in full, by the id that a search or a brief shows.",
        "tailboard get 019a3f@1024 --around 2",
    ),
    Entry(
        "journal",
        f"{_HERE}.journal",
        "Show or export a readable journal of a session, a day or a project.",
        "tailboard journal show --day yesterday",
        memory=True,
    ),
    Entry(
        "standup",
        f"{_HERE}.standup",
        "Show in a few lines what was done, what is open and what failed.",
        "tailboard standup --everywhere --since yesterday",
    ),
    Entry(
        "commits",
        f"{_HERE}.commits",
        "List the commits that sessions made.",
        "tailboard commits --since 7d",
        memory=True,
    ),
    Entry(
        "project",
        f"{_HERE}.project",
        "List the projects; rename, merge or split them.",
        "tailboard project merge parser-old parser",
        memory=True,
    ),
    Entry(
        "state",
        f"{_HERE}.state",
        "Export, compare and import the tasks and state of a project as files.",
        "tailboard state export --project parser",
        memory=True,
    ),
    Entry(
        "resume",
        f"{_HERE}.resume",
        "Show which session of a project to resume, and what is still open.",
        "tailboard resume --project parser --branch main",
    ),
    Entry(
        "usage",
        f"{_HERE}.usage",
        "Show token usage by day, model, project or session.",
        "tailboard usage --by model --since 30d",
    ),
    Entry(
        "memories",
        f"{_HERE}.memories",
        "Show what Codex remembers by itself, and whether that fails.",
        "tailboard memories",
    ),
    Entry(
        "tasks",
        f"{_HERE}.tasks",
        "List and edit the tasks of a project across all its sessions.",
        "tailboard tasks list --ready",
        memory=True,
    ),
    Entry(
        "tag",
        f"{_HERE}.tag",
        "List the tags of sessions, and add your own, as filters of a search.",
        "tailboard tag add 019a3f release",
    ),
    Entry(
        "roles",
        f"{_HERE}.roles",
        "List and run the roles that summarise sessions and days.",
        "tailboard roles show historian",
        memory=True,
    ),
    Entry(
        "sources",
        f"{_HERE}.sources",
        "List the tracked files and how far each has been read.",
        "tailboard sources",
    ),
    Entry(
        "quarantine",
        f"{_HERE}.quarantine",
        "List, export and retry the lines that could not be read.",
        "tailboard quarantine show 3:1024",
    ),
    Entry(
        "batches",
        f"{_HERE}.batches",
        "List and manage the queue: batches that wait, failed or were given up.",
        "tailboard batches list --state failed",
    ),
    Entry(
        "reset",
        f"{_HERE}.reset",
        "Delete the data derived from files, so that they are read again.",
        "tailboard reset --session 019a3f --dry-run",
    ),
    Entry(
        "report",
        f"{_HERE}.report",
        "Throughput, typical values and disk usage.",
        "tailboard report --since 7d",
    ),
    Entry(
        "redact",
        f"{_HERE}.redact",
        "Find stored secrets and private text, and remove them.",
        "tailboard redact scan",
    ),
    Entry(
        "prune",
        f"{_HERE}.prune",
        "Delete the history of finished batches and, on request, old facts.",
        "tailboard prune --older-than 90d --dry-run",
    ),
    Entry(
        "rebuild",
        f"{_HERE}.rebuild",
        "Derive again what is derived from the facts: sessions, usage, tasks, search index.",
        "tailboard rebuild",
    ),
    Entry(
        "verify",
        f"{_HERE}.verify",
        "Recount the lines of Codex's files and compare with the database.",
        "tailboard verify --deep",
    ),
    Entry(
        "doctor",
        f"{_HERE}.doctor",
        "Check what Tailboard depends on, and suggest a fix for each problem.",
        "tailboard doctor",
    ),
    Entry(
        "support-bundle",
        f"{_HERE}.support_bundle",
        "Collect versions, counts and check results for support; no contents.",
        "tailboard support-bundle --out bundle.json",
    ),
    Entry(
        "demo",
        f"{_HERE}.demo",
        "Try Tailboard with sample data in a temporary folder.",
        "tailboard demo --headless 5",
    ),
    Entry(
        "sql",
        f"{_HERE}.sql",
        "Query the documented views (v_sessions, v_turns, v_usage …) with SQL.",
        'tailboard sql "SELECT project, count(*) FROM v_sessions GROUP BY ALL"',
    ),
    Entry(
        "snapshot",
        f"{_HERE}.snapshot",
        "Write a consistent copy of the database for other programs.",
        "tailboard snapshot --out copy.duckdb",
    ),
    Entry(
        "config",
        f"{_HERE}.config",
        "Show or edit the settings, and where each value comes from.",
        "tailboard config show --sources",
    ),
    Entry(
        "mcp",
        f"{_HERE}.mcp",
        "Answer agents on standard input and output (MCP).",
        "tailboard mcp",
    ),
    Entry(
        "serve",
        f"{_HERE}.serve",
        "Answer programs over HTTP, and agents with MCP over HTTP.",
        "tailboard serve keys create laptop",
    ),
    Entry(
        "team",
        f"{_HERE}.team",
        "Share chosen projects with a team, through PostgreSQL.",
        "tailboard team status",
    ),
    Entry(
        "setup",
        f"{_HERE}.setup",
        "Add Tailboard to Codex, so that its sessions know what earlier ones did.",
        "tailboard setup codex --print",
    ),
    Entry(
        "completion",
        f"{_HERE}.completion",
        "Print the completion script of a shell.",
        "tailboard completion bash",
    ),
)
