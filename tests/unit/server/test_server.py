"""The owner's door: who has the key reads, everybody else is sent away, and the owner lives on."""

import contextlib
import os
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import Any

import pytest

from ingest.db import paths
from ingest.db.database import Database
from ingest.db.local_reader import LocalReader
from ingest.db.query_reader import Format, Query
from ingest.errors import (
    Cancelled,
    Conflict,
    KeyRefused,
    OtherDatabase,
    OtherVersion,
    OwnerGone,
    QueryRefused,
    ServerError,
    SocketUnavailable,
)
from ingest.server import client, owner_file, protocol
from ingest.server.auth import authenticate_to_server
from ingest.server.client import DatabaseClient
from ingest.server.owner_file import Role
from ingest.server.server import Limits, Server

FOREVER = "select count(*) from range(100000000) a, range(100000000) b where a.range % 7 = 3"


def act(name: str, values: dict[str, Any]) -> dict[str, Any]:
    if name == "fail":
        raise Conflict(Path("t.duckdb"), "told so")
    if name == "break":
        raise ZeroDivisionError("of ours")
    return {"did": name, **values}


def door(database: Database, limits: Limits | None = None) -> Server:
    return Server(database, Role.FOLLOW, ["home"], datetime(2026, 11, 21), act, limits)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path / "t.duckdb") as opened:
        yield opened


@pytest.fixture
def guest(database: Database) -> Iterator[DatabaseClient]:
    with door(database), DatabaseClient(database.path) as remote:
        yield remote


def knock(path: Path) -> Connection:
    """A connection that proved nothing yet."""
    plate = owner_file.read(path)
    assert plate is not None
    address = owner_file.address(path, plate)
    return Client(address.at, address.family)


def enter(path: Path) -> Connection:
    """A connection that was let in."""
    key = owner_file.key(path)
    assert key is not None
    connection = knock(path)
    authenticate_to_server(connection, key)
    assert isinstance(protocol.read_reply(connection.recv_bytes()), protocol.Host)
    return connection


def test_a_guest_reads_what_the_owner_reads(database: Database, guest: DatabaseClient) -> None:
    here = LocalReader(database)
    assert guest.rows("status.migrations") == here.rows("status.migrations") != []
    assert guest.first_row("status.sources") == here.first_row("status.sources")
    assert guest.first_row("registry.sources", home="none") is None
    question = "select view_name, now()::timestamp > '2000-01-01' from duckdb_views() order by 1"
    assert guest.sql(question, 3) == here.sql(question, 3)
    assert guest.sql(question, 3).more


def test_a_guest_knows_who_the_owner_is(guest: DatabaseClient) -> None:
    host = guest.fetch_owner()
    assert (host.pid, host.role, host.homes) == (os.getpid(), "follow", ["home"])
    assert host.since == "2026-11-21T00:00:00"


def test_socket_key_and_plate_are_private_and_gone_afterwards(database: Database) -> None:
    names = ("sock", "key", "owner")
    with door(database):
        modes = [paths.beside(database.path, name).lstat().st_mode for name in names]
    assert [stat.S_IMODE(mode) for mode in modes] == [0o600] * 3
    assert stat.S_ISSOCK(modes[0])
    left = [name for name in names if paths.beside(database.path, name).exists()]
    assert left == ["key"]


def test_a_named_statement_that_writes_is_refused(guest: DatabaseClient) -> None:
    with pytest.raises(QueryRefused, match="changes the database"):
        guest.rows("queue.resume")


def test_a_question_that_writes_is_refused(guest: DatabaseClient) -> None:
    with pytest.raises(QueryRefused, match="DELETE"):
        guest.sql("delete from batches")


def test_a_statement_nobody_knows_is_refused_and_the_next_one_answered(
    guest: DatabaseClient,
) -> None:
    with pytest.raises(QueryRefused, match=r"no query named nothing\.here"):
        guest.rows("nothing.here")
    assert guest.rows("status.migrations")


def test_files_are_out_of_reach_through_the_door(guest: DatabaseClient, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    with pytest.raises(QueryRefused, match="not files"):
        guest.sql(f"select * from '{secret}'")


def test_what_is_ordered_is_done_and_answered(guest: DatabaseClient) -> None:
    day = datetime(2026, 11, 21)
    assert guest.act("retry", since=day) == {"did": "retry", "since": day}


def test_what_goes_wrong_with_an_order_is_told_as_it_is(guest: DatabaseClient) -> None:
    with pytest.raises(ServerError, match="told so") as told:
        guest.act("fail")
    assert (told.value.code, told.value.kind) == ("store.conflict", "transient")
    with pytest.raises(ServerError, match="of ours"):
        guest.act("break")
    assert guest.act("again") == {"did": "again"}


def test_an_owner_that_takes_no_orders_says_so(database: Database) -> None:
    only_reads = Server(database, Role.COMMAND, [], datetime(2026, 11, 21))
    with only_reads, DatabaseClient(database.path) as guest:
        with pytest.raises(ServerError, match="only lets others read"):
            guest.act("retry")
        assert guest.rows("status.migrations")


def test_a_wrong_key_is_refused(database: Database) -> None:
    with door(database):
        paths.beside(database.path, "key").write_bytes(b"k" * owner_file.KEY_BYTES)
        with pytest.raises(KeyRefused, match=str(os.getpid())):
            DatabaseClient(database.path)


def until_the_end(connection: Connection) -> Iterator[bytes]:
    with contextlib.suppress(EOFError, ConnectionResetError):
        while True:
            yield connection.recv_bytes()


class Bomb:
    """Whoever unpickles this makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("greet", [knock, enter], ids=["before the key", "after the key"])
def test_a_pickle_is_never_loaded(
    database: Database, tmp_path: Path, greet: Callable[[Path], Connection]
) -> None:
    with door(database):
        connection = greet(database.path)
        connection.send(Bomb(tmp_path / "boom"))
        *_, last = until_the_end(connection)
        assert b"#FAILURE#" in last or b"door.garbled" in last
        with DatabaseClient(database.path) as guest:
            assert guest.rows("status.migrations")
    assert not (tmp_path / "boom").exists()


def test_a_message_larger_than_any_of_ours_ends_the_connection(database: Database) -> None:
    with door(database):
        connection = enter(database.path)
        # Only the announcement of its size: it is refused before it is read.
        os.write(connection.fileno(), (protocol.REQUEST_CAP + 1).to_bytes(4, "big"))
        with pytest.raises(EOFError):
            connection.recv_bytes()


def test_who_says_nothing_keeps_nobody_waiting(database: Database) -> None:
    with door(database):
        silent = knock(database.path)
        with DatabaseClient(database.path) as guest:
            assert guest.rows("status.migrations")
        silent.close()


def test_an_owner_of_another_version_is_named(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.server.server.__version__", "9.9.9")
    with door(database), pytest.raises(OtherVersion, match=r"Tailboard 9\.9\.9") as told:
        DatabaseClient(database.path)
    assert str(os.getpid()) in told.value.hint


def test_an_owner_of_another_schema_is_named(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = paths.schema_version()
    with door(database):
        monkeypatch.setattr("ingest.server.client.paths.schema_version", lambda: here + 1)
        with pytest.raises(OtherVersion, match=rf"\(schema {here}\); this is .*{here + 1}"):
            DatabaseClient(database.path)


def test_an_owner_of_a_file_that_was_moved_away_is_named(database: Database) -> None:
    with door(database):
        database.path.rename(database.path.with_name("moved"))
        database.path.touch()
        with pytest.raises(OtherDatabase, match="moved or replaced"):
            DatabaseClient(database.path)


def test_a_question_without_end_is_ended(database: Database) -> None:
    limits = Limits(query_seconds=0.05)
    with door(database, limits), DatabaseClient(database.path) as guest:
        with pytest.raises(ServerError, match=r"after 0\.05 seconds") as told:
            guest.sql(FOREVER)
        assert told.value.code == "door.too_slow"
        assert guest.rows("status.migrations")


@pytest.mark.fault("U12")
def test_a_question_that_is_given_up_is_not_worked_on_any_more(database: Database) -> None:
    with door(database) as opened, DatabaseClient(database.path) as guest:
        heard: list[type[Exception]] = []

        def ask() -> None:
            try:
                guest.sql(FOREVER)
            except Cancelled as error:
                heard.append(type(error))

        asking = threading.Thread(target=ask)
        asking.start()
        while not opened.busy:
            os.sched_yield()
        assert asking.ident is not None
        while asking.is_alive():
            guest.cancel(asking.ident)
            asking.join(0.05)
        assert heard == [Cancelled]
        while opened.busy:
            os.sched_yield()
        assert guest.rows("status.migrations")


def test_an_answer_too_large_to_send_says_what_to_do(database: Database) -> None:
    limits = Limits(answer_bytes=10_000)
    with door(database, limits), DatabaseClient(database.path) as guest:
        with pytest.raises(QueryRefused, match="too large") as told:
            guest.sql("select range from range(100000)")
        assert "--limit" in told.value.hint


def test_one_guest_too_many_is_told_so(database: Database) -> None:
    limits = Limits(clients=1, idle_seconds=1_000.0)
    with door(database, limits), DatabaseClient(database.path) as first:
        with pytest.raises(ServerError, match="Too many") as told:
            DatabaseClient(database.path)
        assert told.value.code == "door.full"
        assert first.rows("status.migrations")


@pytest.mark.fault("A06")
def test_a_client_that_only_sits_there_gives_its_place_to_the_next(database: Database) -> None:
    limits = Limits(clients=2, idle_seconds=0.0)
    with door(database, limits), DatabaseClient(database.path) as first:
        silent = enter(database.path)
        assert first.rows("status.migrations")
        others = [enter(database.path) for _ in range(5)]
        with pytest.raises(EOFError):
            silent.recv_bytes()
        # Who was sent away comes back by itself with its next question.
        assert first.rows("status.migrations")
        for one in others:
            one.close()


def unread(path: Path, rows: int) -> Connection:
    """A client that asks for much, and reads nothing of the answer."""
    connection = enter(path)
    connection.send_bytes(
        protocol.request(protocol.SqlRequest(f"select md5(range::text) from range({rows})"))
    )
    return connection


@pytest.mark.fault("A06")
def test_a_client_that_does_not_read_its_answer_is_sent_away(database: Database) -> None:
    limits = Limits(take_seconds=0.05)
    with door(database, limits) as opened:
        lazy = unread(database.path, 50_000)
        while opened.clients:
            os.sched_yield()
        with pytest.raises((EOFError, OSError)):
            lazy.recv_bytes()
        with DatabaseClient(database.path) as guest:
            assert guest.rows("status.migrations")


@pytest.mark.fault("A06")
def test_answers_that_nobody_reads_take_no_more_than_their_bound(database: Database) -> None:
    limits = Limits(untaken_bytes=3_000_000, take_seconds=1_000.0)
    with door(database, limits) as opened:
        lazy = [unread(database.path, 50_000) for _ in range(6)]
        # Of answers of nearly two megabytes, one has room at a time.
        while opened.clients > 1 or not opened.untaken:
            os.sched_yield()
        assert opened.untaken <= limits.untaken_bytes
        for one in lazy:
            one.close()
        with DatabaseClient(database.path) as guest:
            assert guest.rows("status.migrations")


def test_a_socket_that_a_dead_owner_left_is_replaced(database: Database) -> None:
    with door(database):
        plate = owner_file.read(database.path)
    assert plate is not None
    owner_file.write(database.path, plate)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(paths.beside(database.path, "sock")))
    with pytest.raises(OwnerGone):
        DatabaseClient(database.path)
    with door(database), DatabaseClient(database.path) as guest:
        assert guest.rows("status.migrations")


def test_without_a_place_for_a_socket_it_says_so_and_what_to_do(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.server.owner_file.socket_addresses", lambda _: iter(()))
    with pytest.raises(SocketUnavailable, match="Other processes cannot read") as told:
        door(database).open()
    assert "--db" in told.value.hint


def test_where_the_path_is_too_long_for_a_socket_the_door_is_found_all_the_same(
    tmp_path: Path,
) -> None:
    folder = tmp_path / ("long" * 30)
    with Database(folder / "t.duckdb") as database, door(database):
        plate = owner_file.read(database.path)
        assert plate is not None
        assert plate.socket is not None
        assert stat.S_IMODE(os.lstat(plate.socket).st_mode) == 0o600
        with DatabaseClient(database.path) as guest:
            assert guest.rows("status.migrations")
    assert not os.path.lexists(plate.socket)


def test_a_guest_is_told_when_the_owner_is_gone(database: Database) -> None:
    opened = door(database)
    opened.open()
    with DatabaseClient(database.path) as guest:
        assert guest.rows("status.migrations")
        opened.close()
        with pytest.raises(OwnerGone, match="has ended"):
            guest.rows("status.migrations")


def test_a_guest_goes_on_with_the_next_owner(database: Database) -> None:
    opened = door(database)
    opened.open()
    with DatabaseClient(database.path) as guest:
        assert guest.rows("status.migrations")
        opened.close()
        with door(database):
            assert guest.rows("status.migrations")


def test_a_question_that_runs_when_the_owner_ends_is_ended_too(database: Database) -> None:
    opened = door(database)
    opened.open()
    ended: list[Exception] = []

    def wait(asking: DatabaseClient) -> None:
        try:
            asking.sql(FOREVER)
        except OwnerGone as error:
            ended.append(error)

    with DatabaseClient(database.path) as guest:
        thread = threading.Thread(target=wait, args=(guest,))
        thread.start()
        while not opened.busy:
            thread.join(0.001)
        opened.close()
        thread.join()
    assert [type(error) for error in ended] == [OwnerGone]
    assert database.rows("status.migrations")


@pytest.mark.fault("U16")
def test_two_figures_of_one_screen_are_of_one_moment(
    database: Database, guest: DatabaseClient
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
            problems, pauses = guest.run_consistent(both)
            assert [row["code"] for row in problems] == [row["code"] for row in pauses]
            seen += [int(row["code"]) for row in pauses]
    finally:
        stop.set()
        thread.join()
    assert seen == sorted(seen)


def counted(guest: DatabaseClient) -> tuple[int, int]:
    named = len(guest.rows("queue.pauses"))
    return named, guest.sql("select count(*) from pauses").rows[0][0]


def pause(database: Database) -> None:
    with database.transaction():
        database.run("queue.pause", code="c", message="m", hint="h", now="2026-01-01")


def test_what_is_held_is_of_one_moment_whatever_is_committed(
    database: Database, guest: DatabaseClient
) -> None:
    with guest.snapshot():
        before = counted(guest)
        pause(database)
        assert counted(guest) == before == (0, 0)
    assert counted(guest) == (1, 1)


def test_after_an_error_nothing_is_shown_as_of_the_moment_that_was_held(
    database: Database, guest: DatabaseClient
) -> None:
    with guest.snapshot():
        with pytest.raises(QueryRefused):
            guest.sql("select * from nothing")
        with pytest.raises(ServerError, match="has expired"):
            guest.rows("queue.pauses")
    assert counted(guest) == (0, 0)


def insist(guest: DatabaseClient) -> None:
    while True:
        guest.rows("queue.pauses")


@pytest.mark.fault("D18")
def test_a_moment_is_not_held_for_ever(database: Database) -> None:
    limits = Limits(hold_seconds=0.0)
    with door(database, limits), DatabaseClient(database.path) as guest, guest.snapshot():
        with pytest.raises(ServerError, match="has expired") as told:
            insist(guest)
        assert told.value.code == "door.expired"
        database.checkpoint()


def test_many_threads_of_a_guest_each_get_their_own_answer(guest: DatabaseClient) -> None:
    wrong: list[object] = []

    def ask(mine: int) -> None:
        for _ in range(30):
            answer = guest.sql(f"select {mine} as mine")
            if answer.rows != [(mine,)]:
                wrong.append(answer)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize("form", list(Format))
def test_a_copy_is_in_the_spool_for_the_guest(guest: DatabaseClient, form: Format) -> None:
    copied = guest.copy(form)
    assert copied.parent == paths.beside(guest.path, "spool")
    assert copied.is_dir() == (form is Format.PARQUET)


def test_without_a_plate_there_is_nobody(tmp_path: Path) -> None:
    with pytest.raises(OwnerGone):
        client.DatabaseClient(tmp_path / "t.duckdb")


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
def test_no_question_reaches_a_file_an_extension_or_the_network(
    guest: DatabaseClient, question: str
) -> None:
    with pytest.raises((QueryRefused, ServerError)):
        guest.sql(question)
