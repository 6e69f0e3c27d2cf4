"""The owner's server: processes of this user read through it, and no client can harm the owner."""

import asyncio
import os
import pickle
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ingest.actions import Action, FindSecrets, Prune, PruneCounts, RecordEdit, StoredText
from ingest.db import paths
from ingest.db.database import Database
from ingest.db.local_reader import LocalReader
from ingest.db.query_reader import Format, Query
from ingest.errors import (
    Cancelled,
    Conflict,
    OtherDatabase,
    OtherVersion,
    OwnerGone,
    QueryRefused,
    ReadOnlyServer,
    ServerError,
    SnapshotExpired,
    SocketUnavailable,
)
from ingest.server import owner_file, protocol
from ingest.server.client import DatabaseClient
from ingest.server.connection import HEADER, Connection, connect
from ingest.server.event_loop import Clients, Limits
from ingest.server.owner_file import Role
from ingest.server.server import Server

PATIENCE = 60.0

FOREVER = "select count(*) from range(100000000) a, range(100000000) b where a.range % 7 = 3"


def submit(action: Action[Any]) -> "Future[Any]":
    result: Future[Any] = Future()
    match action:
        case Prune():
            result.set_result(PruneCounts(action.before, batches=1))
        case RecordEdit(verb="fail"):
            result.set_exception(Conflict(Path("t.duckdb"), "on purpose"))
        case RecordEdit(verb="break"):
            raise ZeroDivisionError("of ours")
        case _:
            result.set_result(None)
    return result


def edit(verb: str = "task") -> RecordEdit:
    return RecordEdit(verb=verb, about={})


def serving(database: Database, limits: Limits | None = None) -> Server:
    return Server(database, Role.FOLLOW, ["home"], datetime(2026, 11, 21), submit, limits)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path / "t.duckdb") as opened:
        yield opened


@pytest.fixture
def client(database: Database) -> Iterator[DatabaseClient]:
    with serving(database), DatabaseClient(database.path) as remote:
        yield remote


def raw(path: Path) -> Connection:
    """A connection that was greeted and has sent no request."""
    owner = owner_file.read(path)
    assert owner is not None
    connection = connect(Path(owner_file.address(path, owner).at), PATIENCE)
    assert isinstance(protocol.read_reply(receive(connection)), protocol.Host)
    return connection


def receive(connection: Connection) -> bytearray:
    return connection.receive(protocol.ANSWER_CAP, PATIENCE)


def send(connection: Connection, request: protocol.Request) -> None:
    connection.send(protocol.request(request), PATIENCE)


def test_a_client_gets_the_same_rows_as_the_owner(
    database: Database, client: DatabaseClient
) -> None:
    here = LocalReader(database)
    assert client.rows("status.migrations") == here.rows("status.migrations") != []
    assert client.first_row("status.sources") == here.first_row("status.sources")
    assert client.first_row("registry.sources", home="none") is None
    question = "select view_name, now()::timestamp > '2000-01-01' from duckdb_views() order by 1"
    assert client.sql(question, 3) == here.sql(question, 3)
    assert client.sql(question, 3).more


def test_a_client_gets_information_about_the_owner(client: DatabaseClient) -> None:
    host = client.fetch_owner()
    assert (host.pid, host.role, host.homes) == (os.getpid(), "follow", ["home"])
    assert host.since == "2026-11-21T00:00:00"


def test_an_owner_lets_clients_ask_first(database: Database) -> None:
    stop = threading.Event()
    with serving(database) as server, DatabaseClient(database.path) as remote:
        waiting = threading.Thread(target=server.wait_until_answered, args=(stop, PATIENCE))
        waiting.start()
        with remote.snapshot():
            remote.rows("tasks.projects")
            # Longer than it takes to notice that a client without a snapshot asks no more.
            waiting.join(0.2)
            assert waiting.is_alive()
        waiting.join(PATIENCE / 2)
        assert not waiting.is_alive()
        idle = threading.Thread(target=server.wait_until_answered, args=(stop, PATIENCE))
        stop.set()
        idle.start()
        idle.join(PATIENCE / 2)
        assert not idle.is_alive()


def test_the_socket_and_the_owner_file_are_private_and_gone_afterwards(database: Database) -> None:
    sock, owner = database.spool / "sock", paths.beside(database.path, "owner")
    with serving(database):
        assert [stat.S_IMODE(path.lstat().st_mode) for path in (sock, owner)] == [0o600] * 2
        assert stat.S_ISSOCK(sock.lstat().st_mode)
        assert stat.S_IMODE(sock.parent.stat().st_mode) == 0o700
    assert not sock.exists()
    assert not owner.exists()


def test_a_client_of_another_user_is_refused(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.server.event_loop.peer_uid", lambda _: os.getuid() + 1)
    with serving(database), pytest.raises(ServerError, match="belongs to another user"):
        DatabaseClient(database.path)


def test_sql_cannot_read_files(client: DatabaseClient, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    with pytest.raises(QueryRefused, match="not files"):
        client.sql(f"select * from '{secret}'")


def test_an_action_is_executed_and_returns_its_result(client: DatabaseClient) -> None:
    day = datetime(2026, 11, 21)
    assert client.act(Prune(before=day)) == PruneCounts(day, batches=1)
    assert client.act(edit()) is None


def test_the_error_of_an_action_reaches_its_client(client: DatabaseClient) -> None:
    with pytest.raises(Conflict, match="on purpose") as report_:
        client.act(edit("fail"))
    assert report_.value.kind == "transient"
    with pytest.raises(ServerError, match="of ours"):
        client.act(edit("break"))
    assert client.act(edit("again")) is None


def test_a_read_only_owner_refuses_actions(database: Database) -> None:
    only_reads = Server(database, Role.COMMAND, [], datetime(2026, 11, 21))
    with only_reads, DatabaseClient(database.path) as client:
        with pytest.raises(ReadOnlyServer):
            client.act(edit())
        assert client.rows("status.migrations")


class Bomb:
    """Unpickling this creates a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return os.mkdir, (str(self.folder),)


def test_a_pickle_is_never_loaded(database: Database, tmp_path: Path) -> None:
    with serving(database):
        connection = raw(database.path)
        connection.send(pickle.dumps(Bomb(tmp_path / "boom")), PATIENCE)
        reply = protocol.read_reply(receive(connection))
        assert isinstance(reply, protocol.ErrorResponse)
        assert reply.code == "server.invalid"
        with pytest.raises(EOFError):
            receive(connection)
        connection.close()
        with DatabaseClient(database.path) as client:
            assert client.rows("status.migrations")
    assert not (tmp_path / "boom").exists()


def test_a_message_over_the_limit_ends_the_connection_before_it_is_read(
    database: Database,
) -> None:
    with serving(database):
        connection = raw(database.path)
        connection._socket.sendall(HEADER.pack(protocol.REQUEST_CAP + 1))
        with pytest.raises(EOFError):
            receive(connection)
        connection.close()


def test_a_silent_client_does_not_block_others(database: Database) -> None:
    with serving(database):
        silent, slow = raw(database.path), raw(database.path)
        slow._socket.sendall(HEADER.pack(100) + b"x")
        with DatabaseClient(database.path) as client:
            assert client.rows("status.migrations")
        silent.close()
        slow.close()


def test_an_owner_of_another_version_is_reported(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.server.server.__version__", "9.9.9")
    with serving(database), pytest.raises(OtherVersion, match=r"Tailboard 9\.9\.9") as report_:
        DatabaseClient(database.path)
    assert str(os.getpid()) in report_.value.hint


def test_an_owner_of_another_schema_is_reported(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = paths.schema_version()
    with serving(database):
        monkeypatch.setattr("ingest.server.client.paths.schema_version", lambda: here + 1)
        with pytest.raises(OtherVersion, match=rf"\(schema {here}\); this is .*{here + 1}"):
            DatabaseClient(database.path)


def test_an_owner_of_a_moved_file_is_reported(database: Database) -> None:
    with serving(database):
        database.path.rename(database.path.with_name("moved"))
        database.path.touch()
        with pytest.raises(OtherDatabase, match="moved or replaced"):
            DatabaseClient(database.path)


@pytest.mark.fault("U12")
def test_a_cancelled_query_is_stopped(database: Database) -> None:
    with serving(database) as opened, DatabaseClient(database.path) as client:
        errors: list[type[Exception]] = []

        def ask() -> None:
            try:
                client.sql(FOREVER)
            except Cancelled as error:
                errors.append(type(error))

        asking = threading.Thread(target=ask)
        asking.start()
        while not opened.busy:
            os.sched_yield()
        assert asking.ident is not None
        while asking.is_alive():
            client.cancel(asking.ident)
            asking.join(0.05)
        assert errors == [Cancelled]
        while opened.busy:
            os.sched_yield()
        assert client.rows("status.migrations")


def test_a_result_over_the_limit_is_refused_with_a_hint(database: Database) -> None:
    limits = Limits(answer_bytes=10_000)
    with serving(database, limits), DatabaseClient(database.path) as client:
        with pytest.raises(QueryRefused, match="too large") as report_:
            client.sql("select range from range(100000)")
        assert "--limit" in report_.value.hint


def test_a_client_over_the_limit_gets_an_error_after_a_timeout(database: Database) -> None:
    limits = Limits(clients=1, idle_seconds=1_000.0, room_seconds=0.05)
    with serving(database, limits), DatabaseClient(database.path) as first:
        assert first.rows("status.migrations")
        with DatabaseClient(database.path) as second:
            with pytest.raises(ServerError, match="Too many") as raised:
                second.rows("status.migrations")
            assert raised.value.code == "server.full"
        assert first.rows("status.migrations")


def test_a_client_over_the_limit_waits_until_another_one_ends(database: Database) -> None:
    limits = Limits(clients=1, idle_seconds=1_000.0, room_seconds=PATIENCE)
    with serving(database, limits):
        clients = [DatabaseClient(database.path) for _ in range(2)]
        answers: list[int] = []

        def ask(one: DatabaseClient) -> None:
            with one:
                answers.append(len(one.rows("status.migrations")))

        threads = [threading.Thread(target=ask, args=(one,)) for one in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(answers) == 2


@pytest.mark.fault("A06")
def test_an_idle_client_makes_room_for_another_one(database: Database) -> None:
    limits = Limits(clients=2, idle_seconds=0.0)
    with serving(database, limits), DatabaseClient(database.path) as first:
        silent = raw(database.path)
        assert first.rows("status.migrations")
        others = [raw(database.path) for _ in range(5)]
        with pytest.raises(EOFError):
            receive(silent)
        # A client that was disconnected reconnects for its next request.
        assert first.rows("status.migrations")
        for one in [silent, *others]:
            one.close()


def unread(path: Path, rows: int) -> Connection:
    """A client that requests many rows, and reads nothing of the response."""
    connection = raw(path)
    send(connection, protocol.SqlRequest(f"select md5(range::text) from range({rows})"))
    return connection


@pytest.mark.fault("A06")
def test_a_client_that_does_not_read_its_response_is_disconnected(database: Database) -> None:
    limits = Limits(take_seconds=0.05)
    with serving(database, limits) as opened:
        lazy = unread(database.path, 50_000)
        while opened.clients:
            os.sched_yield()
        with pytest.raises((EOFError, OSError)):
            receive(lazy)
        lazy.close()
        with DatabaseClient(database.path) as client:
            assert client.rows("status.migrations")


@pytest.mark.fault("A06")
def test_unread_responses_take_no_more_memory_than_their_limit(database: Database) -> None:
    limits = Limits(untaken_bytes=3_000_000, take_seconds=1_000.0)
    with serving(database, limits) as opened:
        lazy = [unread(database.path, 50_000) for _ in range(6)]
        # There is memory for one response of nearly two megabytes at a time.
        while opened.clients > 1 or not opened.untaken:
            os.sched_yield()
        assert opened.untaken <= limits.untaken_bytes
        for one in lazy:
            one.close()
        with DatabaseClient(database.path) as client:
            assert client.rows("status.migrations")


@pytest.mark.fault("A06")
def test_a_client_that_reads_no_notifications_is_disconnected(database: Database) -> None:
    with serving(database, Limits(take_seconds=0.05)) as opened:
        lazy = raw(database.path)
        send(lazy, protocol.WatchRequest())
        while opened.clients:
            database.commits.increment()
        lazy.close()


@pytest.mark.fault("U12")
def test_a_query_is_stopped_when_its_client_has_gone(database: Database) -> None:
    with serving(database) as opened:
        connection = raw(database.path)
        send(connection, protocol.SqlRequest(FOREVER))
        while not opened.busy:
            os.sched_yield()
        connection.close()
        while opened.busy or opened.clients:
            os.sched_yield()


def test_the_result_of_an_action_arrives_although_the_owner_ends(database: Database) -> None:
    result: Future[Any] = Future()
    asked = threading.Event()

    def slow(_action: object) -> "Future[Any]":
        asked.set()
        return result

    server = Server(database, Role.FOLLOW, [], datetime(2026, 11, 21), slow)
    server.open()
    with DatabaseClient(database.path) as client:
        answers: list[list[StoredText]] = []
        thread = threading.Thread(target=lambda: answers.append(client.act(FindSecrets())))
        thread.start()
        assert asked.wait(PATIENCE)
        result.set_result([StoredText("prompts", "text", "key", 1)])
        server.close()
        thread.join()
    assert answers == [[StoredText("prompts", "text", "key", 1)]]


def test_the_socket_of_a_dead_owner_is_replaced(database: Database) -> None:
    with serving(database):
        owner = owner_file.read(database.path)
    assert owner is not None
    owner_file.write(database.path, owner)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(database.spool / "sock"))
    with pytest.raises(OwnerGone):
        DatabaseClient(database.path)
    with serving(database), DatabaseClient(database.path) as client:
        assert client.rows("status.migrations")


def test_a_missing_socket_is_reported_with_a_hint(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.server.owner_file.socket_addresses", lambda _: iter(()))
    with pytest.raises(SocketUnavailable, match="Other processes cannot read") as report_:
        serving(database).open()
    assert "--db" in report_.value.hint


def test_a_path_too_long_for_a_socket_still_has_a_server(
    tmp_path: Path,
) -> None:
    folder = tmp_path / ("long" * 30)
    with Database(folder / "t.duckdb") as database, serving(database):
        owner = owner_file.read(database.path)
        assert owner is not None
        assert owner.socket is not None
        assert stat.S_IMODE(os.lstat(owner.socket).st_mode) == 0o600
        with DatabaseClient(database.path) as client:
            assert client.rows("status.migrations")
    assert not os.path.lexists(owner.socket)


def test_a_client_gets_an_error_when_the_owner_has_ended(database: Database) -> None:
    opened = serving(database)
    opened.open()
    with DatabaseClient(database.path) as client:
        assert client.rows("status.migrations")
        opened.close()
        with pytest.raises(OwnerGone, match="has ended"):
            client.rows("status.migrations")


def test_a_client_continues_with_the_next_owner(database: Database) -> None:
    opened = serving(database)
    opened.open()
    with DatabaseClient(database.path) as client:
        assert client.rows("status.migrations")
        opened.close()
        with serving(database):
            assert client.rows("status.migrations")


def test_an_ending_owner_serves_a_snapshot_to_its_end(database: Database) -> None:
    opened = serving(database, Limits(drain_seconds=PATIENCE))
    opened.open()
    with DatabaseClient(database.path) as client, client.snapshot():
        before = counted(client)
        ending = threading.Thread(target=opened.close)
        ending.start()
        while owner_file.read(database.path) is not None:
            os.sched_yield()
        with pytest.raises(OwnerGone):
            DatabaseClient(database.path)
        assert [counted(client) for _ in range(3)] == [before] * 3
        assert ending.is_alive()
    ending.join()


@pytest.mark.parametrize("rounds", range(5))
def test_a_client_that_connects_while_the_owner_ends_is_not_left_open(
    database: Database, tmp_path: Path, rounds: int
) -> None:
    async def connect_then_end() -> None:
        loop, address = asyncio.get_running_loop(), str(tmp_path / "listener")
        host = serving(database).host
        clients = Clients(database, host, submit, Limits())
        with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as client:
            listener.bind(address)
            listener.listen()
            listener.setblocking(False)
            accepting = loop.create_task(clients.accept(listener))
            await asyncio.sleep(0)
            client.connect(address)
            for _ in range(rounds):
                await asyncio.sleep(0)
            accepting.cancel()
            await asyncio.wait([accepting])
            await clients.close()
            assert clients.count == 0

    # A socket that is left open is a warning, and a warning is an error.
    asyncio.run(connect_then_end())


def test_a_running_query_is_stopped_when_the_owner_ends(database: Database) -> None:
    opened = serving(database, Limits(drain_seconds=0.0))
    opened.open()
    ended: list[Exception] = []

    def wait(asking: DatabaseClient) -> None:
        try:
            asking.sql(FOREVER)
        except OwnerGone as error:
            ended.append(error)

    with DatabaseClient(database.path) as client:
        thread = threading.Thread(target=wait, args=(client,))
        thread.start()
        while not opened.busy:
            thread.join(0.001)
        opened.close()
        thread.join()
    assert [type(error) for error in ended] == [OwnerGone]
    assert database.rows("status.migrations")


@pytest.mark.fault("U16")
def test_figures_of_one_screen_come_from_one_snapshot(
    database: Database, client: DatabaseClient
) -> None:
    both: list[Query] = [("registry.problems", {"home": "h"}), ("queue.pauses", {})]
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            problem = {"code": str(number), "path": "p", "message": "m", "hint": "h"}
            with database.transaction():
                database.run("registry.drop_problems", home="h")
                database.run("queue.resume")
                database.run("registry.add_problems", home="h", problems=[problem], now="2026-1-1")
                database.run("queue.pause", code=str(number), message="", hint="", now="2026-1-1")

    thread = threading.Thread(target=write)
    thread.start()
    try:
        seen: list[int] = []
        while len(set(seen)) < 20:
            problems, pauses = client.run_consistent(both)
            assert [row["code"] for row in problems] == [row["code"] for row in pauses]
            seen += [int(row["code"]) for row in pauses]
    finally:
        stop.set()
        thread.join()
    assert seen == sorted(seen)


def counted(client: DatabaseClient) -> tuple[int, int]:
    named = len(client.rows("queue.pauses"))
    return named, client.sql("select count(*) from pauses").rows[0][0]


def pause(database: Database) -> None:
    with database.transaction():
        database.run("queue.pause", code="c", message="m", hint="h", now="2026-01-01")


def insist(client: DatabaseClient) -> None:
    while True:
        client.rows("queue.pauses")


@pytest.mark.fault("D18")
def test_a_snapshot_expires_after_its_time_limit(database: Database) -> None:
    limits = Limits(hold_seconds=0.0)
    with serving(database, limits), DatabaseClient(database.path) as client, client.snapshot():
        with pytest.raises(SnapshotExpired):
            insist(client)
        database.checkpoint()


def test_each_thread_of_a_client_gets_its_own_answer(client: DatabaseClient) -> None:
    wrong: list[object] = []

    def ask(mine: int) -> None:
        for _ in range(30):
            answer = client.sql(f"select {mine} as mine")
            if answer.rows != [(mine,)]:
                wrong.append(answer)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize("form", list(Format))
def test_a_copy_is_written_to_the_spool(client: DatabaseClient, form: Format) -> None:
    copied = client.copy(form)
    assert copied.parent == paths.beside(client.path, "spool")
    assert copied.is_dir() == (form is Format.PARQUET)


def test_connecting_without_an_owner_fails(tmp_path: Path) -> None:
    with pytest.raises(OwnerGone):
        DatabaseClient(tmp_path / "t.duckdb")


@pytest.mark.fault("S09")
@pytest.mark.parametrize(
    "question",
    [
        "select * from read_csv('/etc/passwd')",
        "select * from read_text('/etc/passwd')",
        "select * from 'https://example.invalid/x.parquet'",
        "install httpfs",
        "attach '/tmp/other.duckdb'",
        "copy (select 1) to '/tmp/out.csv'",
        "set enable_external_access = true",
    ],
)
def test_no_query_can_use_a_file_an_extension_or_the_network(
    client: DatabaseClient, question: str
) -> None:
    with pytest.raises((QueryRefused, ServerError)):
        client.sql(question)
