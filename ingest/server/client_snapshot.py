"""What one client at the door holds: at most one moment of the database, for at most so long."""

import time

from ingest.db.engine import Connection


class ClientSnapshot:
    """Belongs to the thread of its client."""

    def __init__(self) -> None:
        self.held: Connection | None = None
        self.expired = False
        self.moment = 0
        """How often had been committed when it was taken."""
        self._until = 0.0

    @property
    def left(self) -> float:
        return max(0.0, self._until - time.monotonic())

    def hold(self, con: Connection, seconds: float, moment: int) -> None:
        self._until = time.monotonic() + seconds
        self.renew(con, moment)

    def renew(self, con: Connection, moment: int) -> None:
        """Hold with another transaction: the engine ends one in which a statement failed."""
        self.end()
        self.held, self.expired, self.moment = con, False, moment
        con.execute("begin transaction read only")
        # The moment is that of the first look, not that of the beginning.
        con.execute("select 1 from schema_migrations").fetchall()

    def invalidate(self) -> None:
        """The moment that was held cannot be looked at any more."""
        self.expired = self.expired or self.held is not None
        self.end()

    def end(self) -> None:
        """Let go; an open transaction ends with its cursor."""
        if self.held is not None:
            self.held.close()
            self.held = None
