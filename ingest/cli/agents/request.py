"""One request of an agent or a program: the folder it is about, the session that asks, its time.

A request is answered like a command: through the owner, from one snapshot, with the same scope.
"""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from msgspec import Struct

from ingest.cli.invocation import Invocation
from ingest.cli.options import Filters
from ingest.errors import Ambiguous, NotFound, Refused

if TYPE_CHECKING:
    from ingest.db.query_reader import QueryReader

# What reads is imported at the first request: a server starts sooner without it.

T = TypeVar("T")
NAME_ONE: Final = "Pass `cwd`, the folder of the project."


class AgentRequest(Struct, frozen=True):
    invocation: Invocation
    """With the folder and the time of this request."""
    asking: str | None = None
    """The session that asks: it is left out of answers about earlier sessions."""
    project: str | None = None
    """The only project that may be asked about, by its label; None for all."""
    opened: "Callable[[QueryReader], None]" = lambda _reader: None
    """Told which reader answers, so that another thread can cancel its query."""

    @contextmanager
    def read(self) -> "Iterator[QueryReader]":
        from ingest.cli.access import open_for_reading

        if not self.invocation.settings.db.exists():
            raise NotFound("Nothing has been read yet.", "A person runs `tailboard ingest`.")
        with open_for_reading(self.invocation) as access:
            self.opened(access)
            yield access

    def label(self, access: "QueryReader", named: str | None = None) -> str:
        """The label of the project that is asked about: by default that of the folder."""
        from ingest.cli.scope import find_project, insist_on_project, project_here
        from ingest.projects.names import ProjectNames

        if self.project is not None:
            if named is not None and self.project not in ProjectNames(access).find(named):
                self.check(None)
            return self.project
        if named is None:
            return project_here(self.invocation, access, NAME_ONE)
        insist_on_project(self.invocation, access, named)
        return find_project(self.invocation, access, named) or named

    def check(self, label: str | None) -> None:
        """Refuse a project that the key of the request is not for."""
        if self.project is not None and label != self.project:
            raise Refused(
                f"This key is only for the project {self.project}.",
                "Ask about that project, or use another key.",
                code="other_project",
            )

    def guarded(self, work: Callable[[], T]) -> T:
        """Run the work; with a key for one project, no error says what else there is."""
        try:
            return work()
        except (NotFound, Ambiguous):
            if self.project is None:
                raise
            raise NotFound(
                f"Nothing in {self.project} goes by that name.", "Search for it, and use its id."
            ) from None

    def filters(self, access: "QueryReader", named: str | None = None) -> Filters:
        return Filters(project=self.label(access, named))


def request_at(
    base: Invocation,
    now: datetime,
    cwd: str | None = None,
    asking: str | None = None,
    project: str | None = None,
) -> AgentRequest:
    """A request with the settings of the program that answers."""
    here = None
    if cwd is not None:
        here = Path(cwd)
        if not here.is_absolute():
            raise Refused(f"`cwd` must be an absolute path, not {cwd!r}.", "Example: /home/me/app")
    return AgentRequest(base.for_request(now, here, io.StringIO()), asking, project)
