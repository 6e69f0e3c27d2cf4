"""`tailboard serve`: the HTTP API and MCP over HTTP, and its keys."""

import ipaddress
import socket
from typing import Final

import click
from msgspec.structs import asdict

from ingest.cli.access import open_for_reading
from ingest.cli.agents.extra import require_agents
from ingest.cli.agents.http.keys import Key, KeyFile, KeyScope
from ingest.cli.agents.http.token_bucket import PER_MINUTE
from ingest.cli.group import Group
from ingest.cli.invocation import Invocation, with_invocation
from ingest.cli.options import known
from ingest.cli.output import Column, Output
from ingest.cli.scope import find_project, insist_on_project
from ingest.errors import InvalidTime, Refused
from ingest.text.times import ago, future

PORT: Final = 7317
_CONNECTIONS: Final = 1000
_WAITING: Final = 256
"""How many connections may wait to be accepted."""
_HEADER_BYTES: Final = 16 * 1024
_COLUMNS: Final = (
    Column("NAME"),
    Column("SCOPE"),
    Column("PROJECT"),
    Column("CREATED", right=True),
    Column("EXPIRES", right=True),
    Column("LAST USED", right=True),
    Column("STATE"),
)


@click.group(cls=Group, invoke_without_command=True)
@click.option(
    "--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Listen here."
)
@click.option(
    "--port",
    default=PORT,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Listen on this port; 0 takes a free one.",
)
@click.option("--allow-remote", is_flag=True, help="Allow an address that others can reach.")
@click.option(
    "--name", "names", multiple=True, metavar="HOST", help="A name by which clients reach it."
)
@click.option(
    "--per-minute",
    default=PER_MINUTE,
    show_default=True,
    type=click.IntRange(1, 100_000),
    help="Requests of each key a minute.",
)
@click.pass_context
@with_invocation
def command(
    invocation: Invocation,
    ctx: click.Context,
    host: str,
    port: int,
    allow_remote: bool,
    names: tuple[str, ...],
    per_minute: int,
) -> None:
    """Answers HTTP requests that have a key, with what commands print as JSON, and MCP at /mcp.
    /openapi.json describes it. Each request is logged with the name of its key. Needs the optional
    part `tailboard[agents]`. Runs until it is interrupted.
    """
    if ctx.invoked_subcommand is not None:
        return
    require_agents()
    if not (_is_loopback(host) or allow_remote):
        raise Refused(
            f"Others could reach {host}. Nothing was started.",
            "`--allow-remote` allows it: everybody who reaches it and has a key can read, and what "
            "they send and get is not encrypted. Put it behind a proxy with TLS.",
        )
    listening = _listen(host, port)
    with listening:
        _serve(invocation, listening, host, names, per_minute)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        # So that who reads "Listening" can connect at once.
        listening.listen(_WAITING)
    except OSError as error:
        listening.close()
        why = error.strerror or str(error)
        raise Refused(f"{host}, port {port}: {why}.", "Use another --host or --port.") from error
    return listening


def _serve(
    invocation: Invocation,
    listening: socket.socket,
    host: str,
    names: tuple[str, ...],
    per_minute: int,
) -> None:
    # Imported here: slow, and not installed everywhere.
    import uvicorn

    from ingest.cli.agents.http.app import application

    port: int = listening.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    known_as = {"127.0.0.1", "localhost", "[::1]", shown, *names}
    hosts = frozenset(f"{name.lower()}:{port}" for name in known_as)
    keys = KeyFile(invocation.settings.db)
    app = application(invocation, keys, hosts, per_minute)
    if not keys.all():
        invocation.output.note("There is no key yet: `tailboard serve keys create NAME`")
    invocation.output.note(f"Listening on http://{shown}:{port}")
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        http="h11",
        ws="none",
        limit_concurrency=_CONNECTIONS,
        h11_max_incomplete_event_size=_HEADER_BYTES,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=3,
    )
    uvicorn.Server(config).run(sockets=[listening])


@command.group("keys", cls=Group)
def keys_group() -> None:
    """A key is shown once, when it is created; only a hash of it is stored.

    Example: tailboard serve keys create laptop
    """


@keys_group.command("create")
@click.argument("name")
@click.option(
    "--scope",
    type=click.Choice([scope.value for scope in KeyScope]),
    default=KeyScope.READ.value,
    show_default=True,
    help="read, or tasks: may also change tasks.",
)
@click.option(
    "--project", metavar="NAME", shell_complete=known("project"), help="Only this project."
)
@click.option("--expires", metavar="TIME", help="When it expires: 90d, 12h, 2027-01-01.")
@with_invocation
def create(
    invocation: Invocation, name: str, scope: str, project: str | None, expires: str | None
) -> None:
    """Create a key and print it. It cannot be shown again.

    Example: tailboard serve keys create laptop --project parser --expires 90d
    """
    label = None
    if project is not None:
        with open_for_reading(invocation) as access:
            insist_on_project(invocation, access, project)
            label = find_project(invocation, access, project)
    until = None
    if expires is not None:
        try:
            until = future(expires, invocation.aware_now, invocation.zone)
        except InvalidTime as error:
            raise click.BadParameter(str(error), param_hint="--expires") from error
    file = KeyFile(invocation.settings.db)
    text = file.create(name, invocation.now, KeyScope(scope), label, until)
    key = next(one for one in file.all() if one.name == name and one.revoked_at is None)

    def show(output: Output) -> None:
        output.line(text)
        output.note("Copy it now: it is not stored. Use it as: Authorization: Bearer KEY")

    invocation.answer("serve.keys.create", {"key": text, "keys": [_public(key)]}, show)


@keys_group.command("list")
@with_invocation
def list_keys(invocation: Invocation) -> None:
    """List the keys: names, scopes and times.

    Example: tailboard serve keys list
    """
    keys, now = KeyFile(invocation.settings.db).all(), invocation.now

    def show(output: Output) -> None:
        rows = [
            (
                key.name,
                key.scope.value,
                key.project or "all",
                ago(key.created_at, now),
                f"{key.expires_at:%Y-%m-%d}" if key.expires_at else "never",
                ago(key.last_used_at, now) if key.last_used_at else "never",
                key.why_not(now) or "valid",
            )
            for key in keys
        ]
        if rows:
            output.table(_COLUMNS, rows)
        else:
            output.note("No keys.")

    invocation.answer("serve.keys", {"keys": [_public(key) for key in keys]}, show)


@keys_group.command("revoke")
@click.argument("name")
@with_invocation
def revoke(invocation: Invocation, name: str) -> None:
    """Revoke a key: it opens nothing from the next request on.

    Example: tailboard serve keys revoke laptop
    """
    key = KeyFile(invocation.settings.db).revoke(name, invocation.now)
    invocation.answer(
        "serve.keys", {"keys": [_public(key)]}, lambda output: output.line(f"Revoked {name}.")
    )


def _public(key: Key) -> dict[str, object]:
    hidden = ("id", "salt", "hash")
    return {name: value for name, value in asdict(key).items() if name not in hidden}
