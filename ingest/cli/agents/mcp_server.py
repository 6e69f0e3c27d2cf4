"""The server of MCP, over standard input and output or HTTP, with the official SDK.

It asks the client nothing, has no state between two calls, and offers no prompts. The project of a
call is that of its folder. Imported only where it is used.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import anyio
import click
import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError

from ingest import __version__, log
from ingest.cli.agents.request import AgentRequest, request_at
from ingest.cli.agents.time_limit import THREADS, run_bounded
from ingest.cli.agents.tools import INSTRUCTIONS, RESOURCES, TOOLS, Tool, call, checked, sentence
from ingest.cli.invocation import Invocation
from ingest.errors import Refused, TailboardError

_SESSION_KEYS: Final = ("threadId", "sessionId")
"""Where Codex says which session calls: a sub-agent has a thread of its own."""

Context = ServerRequestContext[Any, Any]
Ask = Callable[[Context, str | None], AgentRequest]
"""Makes the request of a call, for this folder."""


def stdio_request(base: Invocation) -> Ask:
    def ask(context: Context, cwd: str | None) -> AgentRequest:
        return request_at(base, datetime.now(UTC), cwd, asking(context))

    return ask


def asking(context: Context) -> str | None:
    """The session that calls, if the client says so."""
    meta = context.meta or {}
    found = (meta.get(key) for key in _SESSION_KEYS)
    return next((value for value in found if isinstance(value, str) and value), None)


def server(ask: Ask, may_write: Callable[[Context], bool] = lambda _context: True) -> Server[Any]:
    limiter = anyio.CapacityLimiter(THREADS)

    async def answer(context: Context, tool: Tool, given: dict[str, Any]) -> types.CallToolResult:
        try:
            arguments = checked(tool, given)
            if tool.writes and not may_write(context):
                raise Refused("This key may only read.", "Use one with the scope `tasks`.")
            request = ask(context, arguments.get("cwd"))
            text = await run_bounded(lambda each: call(each, tool, arguments), request, limiter)
        except (TailboardError, click.ClickException) as error:
            return _result(sentence(error), failed=True)
        except Exception as error:  # noqa: BLE001 - a fault in one call must not end the server
            log.unexpected(error)
            return _result(f"Tailboard failed ({type(error).__name__}); its log says why.", True)
        return _result(text)

    async def list_tools(
        _context: Context, _params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[_tool(tool) for tool in TOOLS.values()])

    async def call_tool(
        context: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        tool = TOOLS.get(params.name)
        if tool is None:
            return _result(f"There is no tool {params.name!r}. There are {', '.join(TOOLS)}.", True)
        return await answer(context, tool, params.arguments or {})

    async def list_resources(
        _context: Context, _params: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        return types.ListResourcesResult(
            resources=[
                types.Resource(
                    name=uri.partition("://")[2],
                    uri=uri,
                    description=about,
                    mime_type="text/markdown",
                )
                for uri, (_, about) in RESOURCES.items()
            ]
        )

    async def read_resource(
        context: Context, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        if params.uri not in RESOURCES:
            message = f"There is no resource {params.uri!r}. There are {', '.join(RESOURCES)}."
            raise MCPError(types.INVALID_PARAMS, message)
        result = await answer(context, TOOLS[RESOURCES[params.uri][0]], {})
        text = "".join(part.text for part in result.content if isinstance(part, types.TextContent))
        content = types.TextResourceContents(uri=params.uri, mime_type="text/markdown", text=text)
        return types.ReadResourceResult(contents=[content])

    return Server(
        "tailboard",
        version=__version__,
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_read_resource=read_resource,
    )


def _result(text: str, failed: bool = False) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(text=text)], is_error=failed)


def _tool(tool: Tool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        description=tool.about,
        input_schema=tool.schema,
        annotations=types.ToolAnnotations(
            title=tool.title,
            read_only_hint=not tool.writes,
            destructive_hint=False,
            idempotent_hint=not tool.writes,
            open_world_hint=False,
        ),
    )


async def serve_stdio(base: Invocation) -> None:
    from mcp.server.stdio import stdio_server

    mcp = server(stdio_request(base))
    async with stdio_server() as (reading, writing):
        await mcp.run(reading, writing, mcp.create_initialization_options())
