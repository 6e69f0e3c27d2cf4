"""Plans as they are logged, one after another, a minute apart."""

from datetime import datetime, timedelta

from ingest.codex.facts import PlanStep
from ingest.projects.tasks.plan import LoggedPlan, Point

START = datetime(2026, 11, 21, 8)
Steps = list[tuple[str, str]]


def planned(steps: Steps) -> list[PlanStep]:
    return [PlanStep(text, status) for text, status in steps]


def logged_plans(*revisions: Steps) -> list[LoggedPlan]:
    return [
        LoggedPlan(Point(1, 100 * n), "s", 0, START + timedelta(minutes=n), None, planned(steps))
        for n, steps in enumerate(revisions)
    ]


def texts(*names: str, status: str = "pending") -> Steps:
    return [(name, status) for name in names]
