"""Answers to Codex that were given on other machines, as state files carry them.

An answer is a fact of its session. Where the session is not in the database, `state import` records
the answer in the edit log, once: its id follows from its content.
"""

from collections.abc import Iterable
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final

import msgspec

from ingest.actions import RecordEdit
from ingest.db.query_reader import NamedQueries
from ingest.projects.names import ProjectNames
from ingest.projects.state.document import Decided, ProjectState

VERB: Final = "answer"


def answer_action(answer: Decided, project: str) -> RecordEdit:
    """The action that records the answer; `project` is the label of its project."""
    arguments: dict[str, Any] = {
        "said": answer.said,
        "about": answer.about,
        "by": answer.by,
        "at": answer.at.isoformat() if answer.at else None,
        "project": project,
    }
    return RecordEdit(
        id=_digest(answer), verb=VERB, about={"session": answer.session}, arguments=arguments
    )


def imported_answers(rows: NamedQueries, project: str) -> list[Decided]:
    """The answers that were imported for a project, by its label."""
    recorded = rows.rows("journal.recorded_edits", verbs=[VERB])
    if not recorded:
        return []
    names = ProjectNames(rows)
    found = []
    for row in recorded:
        values = msgspec.json.decode(row["arguments"])
        if names.recorded(values["project"], row["time"]) == project:
            at = datetime.fromisoformat(values["at"]) if values["at"] else None
            session = msgspec.json.decode(row["about"])["session"]
            found.append(Decided(values["said"], values["about"], values["by"], at, session))
    return found


def new_answers(state: ProjectState, known: Iterable[Decided], local: set[str]) -> list[Decided]:
    """The answers of a file whose sessions are not in the database, and that are not known yet."""
    ids = {_digest(one) for one in known}
    return [
        one
        for one in state.decisions
        if one.edit is None and one.session not in local and _digest(one) not in ids
    ]


def _digest(answer: Decided) -> str:
    content = [answer.session, answer.about, answer.said, answer.by, answer.at]
    return blake2b(msgspec.json.encode(content), digest_size=16).hexdigest()
