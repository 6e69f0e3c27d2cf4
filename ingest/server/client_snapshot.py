"""The snapshot that a client holds: a read-only transaction with a time limit."""

import time

from ingest.db.engine import Connection


class ClientSnapshot:
    """Belongs to the thread of its client."""

    def __init__(self) -> None:
        self.held: Connection | None = None
        self.expired = False
        self.moment = 0
        """The number of commits when the snapshot was taken."""
        self._until = 0.0

    @property
    def left(self) -> float:
        return max(0.0, self._until - time.monotonic())

    def hold(self, con: Connection, seconds: float, moment: int) -> None:
        self._until = time.monotonic() + seconds
        self.renew(con, moment)

    def renew(self, con: Connection, moment: int) -> None:
        """Continue with another transaction, after a statement failed in the first."""
        self.end()
        self.held, self.expired, self.moment = con, False, moment
        con.execute("begin transaction read only")
        # The engine takes the snapshot at the first query, not when the transaction begins.
        con.execute("select 1 from schema_migrations").fetchall()

    def invalidate(self) -> None:
        """End the snapshot; the client's further queries are refused."""
        self.expired = self.expired or self.held is not None
        self.end()

    def end(self) -> None:
        """Close the cursor, which ends its transaction."""
        if self.held is not None:
            self.held.close()
            self.held = None
