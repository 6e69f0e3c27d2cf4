"""The background jobs of a running owner, by the settings."""

from collections.abc import Callable, Mapping
from datetime import timedelta, tzinfo
from functools import partial
from typing import Any

from ingest.pipeline import limited_program
from ingest.pipeline.follow import Owner
from ingest.pipeline.maintenance import Job, Maintenance
from ingest.pipeline.observe import Observer
from ingest.projects.find_projects import ProjectFinder
from ingest.projects.git.notices import GitNotices
from ingest.projects.journal.auto_export import JournalExporter
from ingest.projects.nudge_job import NudgeJob
from ingest.projects.state.auto_export import StateExporter
from ingest.projects.tasks.writer import TasksWriter
from ingest.sessions.scope import now_for
from ingest.sessions.search.background import IndexWriter
from ingest.settings import Settings


def background_jobs(
    owner: Owner,
    settings: Settings,
    env: Mapping[str, str],
    zone: tzinfo | None,
    ring: Callable[[str], None],
) -> Maintenance:
    """`ring` shows the text of a nudge on the terminal."""
    common: dict[str, Any] = {"tuning": owner.tuning, "clock": owner.clock}
    database = owner.database
    jobs: list[Job] = [
        NudgeJob(owner, settings, env, zone, ring),
        IndexWriter(database, database.path, database.commits),
    ]
    if settings.memory_enabled:
        jobs.append(GitNotices(owner.database))
        jobs.append(ProjectFinder(owner.database, owner.clock, env))
        jobs.append(TasksWriter(owner.database, lambda: now_for(settings, owner.clock())))
        files = {"turns": settings.journal_turns, "zone": zone, **common}
        jobs.append(JournalExporter(owner.database, **files))
        jobs.append(StateExporter(owner.database, **files))
    if settings.observe_command:
        observe = partial(
            limited_program.run,
            settings.observe_command,
            limited_program.Limits(settings.observe_timeout_seconds, settings.observe_output_bytes),
            owner.database.spool,
            env,
        )
        quiet = timedelta(minutes=settings.observe_quiet_minutes)
        jobs.append(Observer(owner.database, observe, quiet=quiet, **common))
    retention = timedelta(days=settings.retention_days)
    return Maintenance(owner.database, owner.clock, jobs, retention)
