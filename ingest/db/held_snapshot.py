"""A snapshot that several queries share: a read-only transaction with a time limit.

In a file of its own because both ways to read hold one: in this process and over the socket.
"""

import time

from ingest.db.engine import Connection


class HeldSnapshot:
    def __init__(self) -> None:
        self.held: Connection | None = None
        self.expired = False
        self.moment = 0
        """The number of commits when the snapshot was taken."""
        self._until = 0.0

    @property
    def left(self) -> float | None:
        """Seconds until the snapshot expires; None if there is none."""
        return None if self.held is None else max(0.0, self._until - time.monotonic())

    def hold(self, con: Connection, seconds: float, moment: int) -> None:
        """Hold a snapshot that was taken with `begin`."""
        self._until = time.monotonic() + seconds
        self.renew(con, moment)

    def renew(self, con: Connection, moment: int) -> None:
        """Continue with another transaction, after a statement failed in the first."""
        self.end()
        self.held, self.expired, self.moment = con, False, moment

    def invalidate(self) -> None:
        """End the snapshot; further queries are refused."""
        self.expired = self.expired or self.held is not None
        self.end()

    def end(self) -> None:
        """Close the cursor, which ends its transaction."""
        if self.held is not None:
            self.held.close()
            self.held = None


def begin(con: Connection) -> Connection:
    """Begin a read-only transaction and take its snapshot."""
    try:
        con.execute("begin transaction read only")
        # The engine takes the snapshot at the first query, not when the transaction begins.
        con.execute("select 1 from schema_migrations").fetchall()
    except BaseException:
        con.close()
        raise
    return con
