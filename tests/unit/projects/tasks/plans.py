"""Plans as lines told them, one after another, a minute apart."""

from datetime import datetime, timedelta

from ingest.projects.tasks.plan import PlanRevision, Point

START = datetime(2026, 11, 21, 8)
Steps = list[tuple[str, str]]


def told(*revisions: Steps) -> list[PlanRevision]:
    return [
        PlanRevision(Point(1, 100 * n), "s", 0, START + timedelta(minutes=n), None, steps)
        for n, steps in enumerate(revisions)
    ]


def texts(*names: str, status: str = "pending") -> Steps:
    return [(name, status) for name in names]
