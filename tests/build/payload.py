"""Payloads that describe the surroundings: the thread, the turn, the instructions, the counts.

Pure functions from a release and a thread's facts to JSON with the keys in that release's order.
"""

from dataclasses import dataclass, field
from pathlib import PurePath

from tests.build.expected import Usage
from tests.build.line import Json
from tests.build.release import Release

COMMIT = "956a49ec050903cb10533eed1b6d6ac6dc3d4b66"


def git_of(cwd: str) -> Json:
    """The repository of a folder: each has a remote of its own, all with equally long names."""
    name = PurePath(cwd).name
    return {
        "commit_hash": COMMIT,
        "branch": "main",
        "repository_url": f"https://example.invalid/{name[:6]:_<6}.git",
    }


INSTRUCTIONS = "You are Codex, a coding agent. You and the user share the same workspace."
SUMMARY_PREFIX = (
    "Another language model started to solve this problem and produced a summary of its thinking "
    "process. Use this to build on the work that has already been done. Here is the summary:\n"
)


@dataclass
class Thread:
    """The thread as its first line describes it."""

    id: str
    session_id: str
    created: str
    cwd: str
    git: Json | None
    source: str | Json
    originator: str
    model: str
    window_id: str
    model_provider: str = "openai"
    forked_from: str | None = None
    parent: str | None = None
    nickname: str | None = None
    agent_path: str | None = None
    history_base: Json | None = None
    own_history_from: int | None = None
    multi_agent: str | None = None
    extra: Json = field(default_factory=dict)
    """additional keys at the end, for those that some clients add"""


def session_meta(release: Release, thread: Thread) -> Json:
    if release.bare:
        return {
            "id": thread.id,
            "timestamp": thread.created,
            "instructions": None,
            **({"git": thread.git} if thread.git is not None else {}),
        }
    minor = release.minor
    agent = isinstance(thread.source, dict)
    provenance = {"provenance": {"type": "model", "model": thread.model}} if minor >= 150 else {}
    keys: list[tuple[str, object, bool]] = [
        ("account_scoped", True, minor >= 169),
        ("session_id", thread.session_id, minor >= 145),
        ("id", thread.id, True),
        ("forked_from_id", thread.forked_from, thread.forked_from is not None),
        ("parent_thread_id", thread.parent, thread.parent is not None and minor >= 140),
        ("timestamp", thread.created, True),
        ("cwd", thread.cwd, True),
        ("runtime_workspace_roots", [thread.cwd], minor >= 155),
        ("originator", thread.originator, True),
        ("cli_version", release.version, True),
        ("instructions", None, minor < 98),
        ("source", thread.source, minor >= 58),
        (
            "thread_source",
            "subagent" if agent else "user",
            minor >= 134 and thread.source != "vscode",
        ),
        ("agent_nickname", thread.nickname, thread.nickname is not None and minor >= 107),
        ("agent_path", thread.agent_path, thread.agent_path is not None),
        ("model_provider", thread.model_provider, minor >= 58),
        ("base_instructions", {"text": INSTRUCTIONS, **provenance}, minor >= 98),
        ("history_mode", "paginated" if release.paginated else "legacy", minor >= 145),
        ("history_base", thread.history_base, thread.history_base is not None),
        (
            "subagent_history_start_ordinal",
            thread.own_history_from,
            thread.own_history_from is not None,
        ),
        ("multi_agent_version", thread.multi_agent, thread.multi_agent is not None),
        ("context_window", {"window_id": thread.window_id}, minor >= 145),
        ("git", thread.git, thread.git is not None),
    ]
    return {name: value for name, value, there in keys if there} | thread.extra


def turn_context(
    release: Release, thread: Thread, turn_id: str | None, root_turn_id: str | None
) -> Json:
    minor = release.minor
    collaboration = {
        "mode": "default",
        "settings": {
            "model": thread.model,
            "reasoning_effort": None,
            "developer_instructions": None,
        },
    }
    sandbox = {"mode" if minor < 58 else "type": "danger-full-access"}
    keys: list[tuple[str, object, bool]] = [
        ("turn_id", turn_id, turn_id is not None),
        ("root_turn_id", root_turn_id, minor >= 169),
        ("disabled_plugin_ids", [], minor >= 169),
        ("cwd", thread.cwd, True),
        ("workspace_roots", [thread.cwd], 145 <= minor < 165),
        ("current_date", "2026-11-21", 120 <= minor < 165),
        ("timezone", "Etc/UTC", 120 <= minor < 165),
        ("approval_policy", "never", True),
        ("approvals_reviewer", "user", minor >= 145),
        ("sandbox_policy", sandbox, minor < 169),
        ("permission_profile", {"type": "disabled"}, minor >= 120),
        ("model", thread.model, True),
        ("comp_hash", "2911", minor >= 145),
        ("personality", "pragmatic", 98 <= minor < 165),
        ("collaboration_mode", collaboration, minor >= 98),
        ("multi_agent_version", "v2" if release.agents_v2 else "v1", minor >= 145),
        ("realtime_active", False, minor >= 120),
        ("summary", "auto" if minor < 165 else "none", True),
        ("user_instructions", "Be brief.", 98 <= minor < 107),
        ("truncation_policy", {"mode": "tokens", "limit": 10000}, 98 <= minor < 134),
        ("sandbox_policy", sandbox, minor >= 169),
    ]
    return {name: value for name, value, there in keys if there}


def world_state(thread: Thread) -> Json:
    local = {"cwd": thread.cwd, "status": "available", "shell": "bash"}
    environments = {"environments": {"local": local}, "current_date": "2026-11-21"}
    return {"full": True, "state": {"agents_md": {}, "environments": environments}}


def thread_settings(release: Release, thread: Thread) -> Json:
    return {
        "thread_id": thread.id,
        "thread_settings": {
            "model": thread.model,
            "model_provider_id": thread.model_provider,
            "approval_policy": "never",
            "approvals_reviewer": "user",
            "permission_profile": {"type": "disabled"},
            "cwd": thread.cwd,
            **({"runtime_workspace_roots": [thread.cwd]} if release.minor >= 155 else {}),
            "collaboration_mode": {"mode": "default", "settings": {"model": thread.model}},
        },
    }


def environment(thread: Thread) -> str:
    return (
        f"<environment_context>\n  <cwd>{thread.cwd}</cwd>\n  <shell>bash</shell>\n"
        "</environment_context>"
    )


def openings(release: Release, thread: Thread) -> list[tuple[str, str, str]]:
    """The automatic messages that open a thread: role, text, kind."""
    surroundings = ("user", environment(thread), "environments.environment_context")
    permissions = (
        "developer",
        "<permissions instructions>\nEverything is allowed.\n</permissions instructions>",
        "permissions.instructions",
    )
    agents_md = (
        "user",
        f"# AGENTS.md instructions for {thread.cwd}\n\n<INSTRUCTIONS>\nBe brief.\n</INSTRUCTIONS>",
        "user.instructions",
    )
    if release.bare:
        return []
    if release.minor < 98:
        return [surroundings]
    if release.minor < 107:
        return [permissions, agents_md, surroundings]
    if release.code_mode:
        return [
            ("developer", INSTRUCTIONS, "model.instructions"),
            permissions,
            ("developer", multi_agent_role("/root"), "multi_agent.role_instructions"),
            ("developer", MULTI_AGENT_MODE, "multi_agent.mode_instructions"),
            surroundings,
        ]
    return [permissions, surroundings]


MULTI_AGENT_MODE = "<multi_agent_mode>Spawn agents only when asked to.</multi_agent_mode>"


def multi_agent_role(path: str) -> str:
    if path == "/root":
        return "<multi_agent_role>You are `/root`, the primary agent.</multi_agent_role>"
    return "<multi_agent_role>You are an agent in a team of agents.</multi_agent_role>"


def token_count(
    release: Release,
    total: Usage | None,
    last: Usage | None,
    estimate: int | None = None,
    limits: Json | None = None,
) -> Json:
    """`estimate` replaces the last usage by a guess of the context's size, as compaction does.
    `limits` are the windows that the account's limits report.
    """
    cache_write = release.minor >= 145
    info: Json | None = None
    if total is not None:
        last_json = (last or Usage()).as_json(cache_write=cache_write)
        if estimate is not None:
            last_json = Usage().as_json(cache_write=cache_write) | {"total_tokens": estimate}
        info = {
            "total_token_usage": total.as_json(cache_write=cache_write),
            "last_token_usage": last_json,
            **(
                {"last_usage_includes_reasoning": release.code_mode} if release.minor >= 169 else {}
            ),
            "model_context_window": release.window,
        }
    written = rate_limits(release)
    if written is None:
        return {"info": info}
    return {"info": info, "rate_limits": written | (limits or {})}


def rate_limits(release: Release) -> Json | None:
    minor = release.minor
    keys = [
        ("limit_id", "codex", minor >= 101),
        ("limit_name", None, minor >= 101),
        ("primary", None, True),
        ("secondary", None, True),
        ("credits", None, minor >= 63),
        ("individual_limit", None, minor >= 140),
        ("spend_control_reached", None, minor >= 145),
        ("plan_type", None, minor >= 98),
        ("rate_limit_reached_type", None, minor >= 120),
    ]
    return {name: value for name, value, there in keys if there} if minor >= 42 else None


def user_message_extras(release: Release) -> Json:
    if release.minor < 42:
        return {"kind": "plain"}
    if release.minor < 98:
        return {"images": []}
    if release.minor < 140:
        return {"images": [], "local_images": [], "text_elements": []}
    return {
        "images": [],
        "local_images": [],
        "audio": [],
        "local_audio": [],
        "text_elements": [],
    }
