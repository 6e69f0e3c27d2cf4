"""Groups disk usage by classes of records. Pure."""

from collections.abc import Iterable
from typing import Any, Final

from msgspec import Struct

_CLASSES: Final = {
    "images": ("image_generation", "view_image", "ImageGeneration", "ImageView"),
    "agents": ("collab_", "Collab", "sub_agent", "SubAgent", "inter_agent"),
    "tool output": (
        "_output",
        "Output",
        "exec_command_end",
        "mcp_tool_call_end",
        "patch_apply_end",
        "tool_call_response",
        "CommandExecution",
        "FileChange",
        "McpToolCall",
        "DynamicToolCall",
    ),
    "tool calls": ("_call", "web_search", "WebSearch", "additional_tools", "tools_updated"),
    "reasoning": ("reasoning", "Reasoning"),
    "messages": ("message", "Message"),
    "token counts": ("token_count", "token_usage_record"),
    "context": (
        "session_meta",
        "turn_context",
        "world_state",
        "compact",
        "Compact",
        "header",
        "state",
        "settings",
        "ghost_snapshot",
        "retained_context",
        "configuration",
    ),
}
"""Parts of record names by class; the first class that matches is used."""

REPLAYED: Final = "replayed history"
UNKNOWN: Final = "unknown records"
OTHER: Final = "other events"


class Disk(Struct):
    name: str
    lines: int = 0
    bytes: int = 0


def record_class(kind: str) -> str:
    if kind == "replayed":
        return REPLAYED
    if kind.startswith("?"):
        return UNKNOWN
    for name, parts in _CLASSES.items():
        if any(part in kind for part in parts):
            return name
    return OTHER


def sum_by_class(kinds: Iterable[dict[str, Any]]) -> list[Disk]:
    """The classes that are not empty, the largest first."""
    by_name: dict[str, Disk] = {}
    for row in kinds:
        name = record_class(row["kind"])
        disk = by_name.setdefault(name, Disk(name))
        disk.lines += row["lines"]
        disk.bytes += row["bytes"]
    return sorted((disk for disk in by_name.values() if disk.lines), key=lambda disk: -disk.bytes)
