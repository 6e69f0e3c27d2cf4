"""The names of the stored projects: finds labels by what people type or once recorded.

Edits record the id of a project, because its label changes when another one of the same name
appears. Those of earlier versions recorded the name of the folder in which a session worked.
"""

from datetime import datetime

from ingest.db.query_reader import NamedQueries, Row
from ingest.projects.identity import is_remote


class ProjectNames:
    def __init__(self, rows: NamedQueries) -> None:
        self._rows = rows
        self._projects = rows.rows("projects.all")
        self._old: dict[str, list[Row]] = {}
        """By the name of a folder: the projects of the sessions there, in their order."""

    def find(self, text: str) -> list[str]:
        """The labels of the projects that have this label, id or other key, else this name."""
        for project in self._projects:
            if text == project["label"] or text in project["keys"]:
                return [project["label"]]
        name = text.casefold()
        return [one["label"] for one in self._projects if one["name"].casefold() == name]

    def name(self, label: str) -> str:
        return next((one["name"] for one in self._projects if one["label"] == label), label)

    def remotes(self) -> dict[str, str]:
        """The label of the project by each remote that is known."""
        return {
            key: one["label"] for one in self._projects for key in one["keys"] if is_remote(key)
        }

    def recorded(self, project: str, at: datetime) -> str:
        """The label of the project that an edit recorded at this time."""
        for one in self._projects:
            if project in one["keys"]:
                return str(one["label"])
        if "/" in project:
            row = self._rows.first_row("projects.here", folders=[project])
            return str(row["label"]) if row else project
        # A name of an earlier version: of several projects, the one that was worked on then.
        if project not in self._old:
            self._old[project] = self._rows.rows("projects.by_folder_name", name=project)
        old = self._old[project]
        before = [one for one in old if one["started_at"] and one["started_at"] <= at]
        if chosen := before[-1:] or old[:1]:
            return str(chosen[0]["label"])
        return next(iter(self.find(project)), project)
