"""The only module that imports the PostgreSQL client: connections, transactions and errors.

Nothing outlives a transaction (time limits are set in it, statements are not prepared), so that a
pooler may give each one another connection. A password is taken from where libpq finds it
(`PGPASSFILE`, `PGPASSWORD`, `PGSERVICE`), is never stored, and never part of a message.
"""

import importlib.util
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from ingest.db.query_reader import Row, allow_for_load
from ingest.errors import ExtraMissing, Refused, StoreRefused, StoreUnreachable, TeamError
from ingest.team.sql import statement
from ingest.text.redact import mask

if TYPE_CHECKING:
    import psycopg

_CONNECT_SECONDS: Final = 10
_STATEMENT_SECONDS: Final = 60.0
_LOCK_SECONDS: Final = 10.0
_SECRETS: Final = ("password", "sslpassword")
_LOCAL: Final = ("localhost", "127.0.0.1", "::1")
_IN_URL: Final = re.compile(r"(\w+://[^\s/@:]*):[^\s/@]*@")
_IN_WORDS: Final = re.compile(r"(?i)\b((?:ssl)?password\s*=\s*)('(?:[^'\\]|\\.)*'|\S+)")


def require_client() -> None:
    """Refuse a command that needs the client, if that is not installed."""
    if importlib.util.find_spec("psycopg") is None:
        raise ExtraMissing("`tailboard team` needs", "team")


def without_password(text: str) -> str:
    """The text of a message without passwords of URLs and connection strings."""
    return mask(_IN_WORDS.sub(r"\1***", _IN_URL.sub(r"\1:***@", text)))


class Address:
    """Where the store is: a URL or a connection string, taken apart."""

    def __init__(self, text: str) -> None:
        require_client()
        from psycopg import ProgrammingError
        from psycopg.conninfo import conninfo_to_dict

        try:
            parts = conninfo_to_dict(text)
        except ProgrammingError:
            parts = {}
        # libpq would name the text that it cannot read, which may be a part of a password.
        ports = str(parts.get("port", "")).split(",")
        if not parts or not all(port == "" or port.isdecimal() for port in ports):
            raise Refused(
                "This is no URL of a PostgreSQL database.",
                "Write postgresql://USER@HOST/DATABASE; a password belongs into ~/.pgpass.",
            ) from None
        self._parts: dict[str, Any] = dict(parts)

    @property
    def has_password(self) -> bool:
        return any(self._parts.get(name) for name in _SECRETS)

    @property
    def public(self) -> str:
        """Without passwords; this is what is stored and shown."""
        from psycopg.conninfo import make_conninfo

        shown = {name: value for name, value in self._parts.items() if name not in _SECRETS}
        return make_conninfo("", **shown)

    @property
    def full(self) -> dict[str, Any]:
        return self._parts

    def hide(self, text: str) -> str:
        """A message without the passwords of this address."""
        for name in _SECRETS:
            if secret := self._parts.get(name):
                text = text.replace(str(secret), "***")
        return without_password(text)


class Store:
    """A connection. Use as a context manager."""

    def __init__(self, address: Address, seconds: float = _STATEMENT_SECONDS) -> None:
        """`seconds`: longest time of a statement."""
        import psycopg
        from psycopg.rows import dict_row

        self._address, self._seconds = address, seconds
        given: dict[str, Any] = {
            "connect_timeout": round(allow_for_load(_CONNECT_SECONDS)),
            "application_name": "tailboard",
            **address.full,
            "client_encoding": "utf8",
        }
        try:
            self._con: psycopg.Connection[Row] = psycopg.connect(
                "", autocommit=True, prepare_threshold=None, row_factory=dict_row, **given
            )
        except psycopg.Error as error:
            raise self._explained(error) from None

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self._con.close()

    @property
    def user(self) -> str:
        return self._con.info.user

    @property
    def is_encrypted(self) -> bool:
        """Whether nobody on the way can read along: TLS, or the same machine."""
        info = self._con.info
        host = info.host or ""
        return bool(self._con.pgconn.ssl_in_use) or host.startswith("/") or host in _LOCAL

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the block in a transaction, with time limits that end with it."""
        import psycopg

        try:
            with self._con.transaction():
                statement_ms = round(allow_for_load(self._seconds) * 1000)
                lock_ms = round(allow_for_load(_LOCK_SECONDS) * 1000)
                self.rows("schema.limit", statement=str(statement_ms), lock=str(lock_ms))
                yield
        except psycopg.Error as error:
            raise self._explained(error) from None

    # Inside a transaction:

    def rows(self, name: str, /, **values: object) -> list[Row]:
        return self._con.execute(statement(name), values).fetchall()

    def first_row(self, name: str, /, **values: object) -> Row | None:
        return next(iter(self.rows(name, **values)), None)

    def run(self, name: str, /, **values: object) -> int:
        """Run a statement; return how many rows it changed."""
        return self._con.execute(statement(name), values).rowcount

    def run_script(self, text: str) -> None:
        """Run several statements without values: a migration."""
        self._con.execute(text)

    def run_on(
        self, name: str, table: str, columns: Sequence[str] = (), /, **values: object
    ) -> "psycopg.Cursor[Row]":
        """Run a statement on a table of ours, whose name and columns are constants."""
        return self._con.execute(self._composed(name, table, columns), values or None)

    def copy(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Write rows into the staging table."""
        statement_ = self._composed("push.copy", table, columns)
        with self._con.cursor() as cursor, cursor.copy(statement_) as copy:
            for row in rows:
                copy.write_row(row)

    def _composed(self, name: str, table: str, columns: Sequence[str]) -> Any:
        from psycopg import sql

        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        composed = sql.SQL(statement(name))
        return composed.format(
            table=sql.Identifier("tailboard", table),
            staged=sql.Identifier(f"staged_{table}"),
            columns=names,
        )

    def _explained(self, error: "psycopg.Error") -> TeamError:
        import psycopg

        said = error.diag.message_primary or str(error).strip() or type(error).__name__
        text = self._address.hide(" ".join(said.split()))
        if isinstance(error, psycopg.errors.InsufficientPrivilege):
            return StoreRefused(
                f"The team's store refused this: {text}.",
                "Who set it up gives your role access: `tailboard team init URL` prints how.",
                code="team.permission",
            )
        if isinstance(error, psycopg.errors.ForeignKeyViolation):
            return StoreRefused(
                "This installation is not registered in the team's store any more.",
                "`tailboard team join URL` registers it again.",
                code="team.unregistered",
            )
        if isinstance(error, psycopg.errors.QueryCanceled | psycopg.errors.LockNotAvailable):
            return StoreUnreachable(f"The team's store took too long: {text}.", code="team.slow")
        if isinstance(error, psycopg.OperationalError):
            if _is_login(error, text):
                return StoreRefused(
                    f"The team's store does not let you in: {text}.",
                    "Put the password into ~/.pgpass (or PGPASSFILE), and try again.",
                    code="team.login",
                )
            return StoreUnreachable(f"The team's store cannot be reached: {text}.")
        return StoreRefused(f"The team's store cannot do this: {text}.", code="team.statement")


def _is_login(error: "psycopg.OperationalError", text: str) -> bool:
    """Whether the server answered, and refused who asked. While connecting there is no state."""
    state = error.sqlstate or ""
    return state.startswith("28") or any(
        sign in text
        for sign in ("authentication failed", "no password supplied", "no pg_hba.conf entry",
                     'role "', "does not exist")
    )  # fmt: skip
