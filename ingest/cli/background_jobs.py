"""The background jobs of a running owner, by the settings."""

from collections.abc import Callable, Mapping
from datetime import timedelta, tzinfo
from functools import partial
from typing import Any

from ingest.pipeline.follow import Owner
from ingest.pipeline.maintenance import Job, Maintenance
from ingest.pipeline.rows_writer import RowsWriter
from ingest.projects.find_projects import ProjectFinder
from ingest.projects.git.notices import GitNotices
from ingest.projects.journal.auto_export import JournalExporter
from ingest.projects.nudge_job import NudgeJob
from ingest.projects.roles.declared import all_roles, role_names
from ingest.projects.roles.job import RoleJob, run_command
from ingest.projects.state.auto_export import StateExporter
from ingest.projects.tasks.writer import TasksWriter
from ingest.role_settings import OBSERVE
from ingest.sessions.scope import now_for
from ingest.sessions.search.background import IndexWriter
from ingest.sessions.search.embedder import embedder_for
from ingest.sessions.search.meaning import MeaningWriter
from ingest.settings import Settings
from ingest.team.membership import TeamFile
from ingest.team.share_job import ShareJob


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
        RowsWriter(database),
        IndexWriter(database, database.path, database.commits),
    ]
    files = {"turns": settings.journal_turns, "zone": zone, **common}
    if settings.memory_enabled:
        jobs.append(GitNotices(database))
        jobs.append(ProjectFinder(database, owner.clock, env))
        jobs.append(TasksWriter(database, lambda: now_for(settings, owner.clock())))
        jobs.append(JournalExporter(database, **files))
        jobs.append(StateExporter(database, roles=role_names(settings), **files))
    # Without the memory, the observer alone remains.
    roles = [one for one in all_roles(settings) if settings.memory_enabled or one.name == OBSERVE]
    if roles:
        run_role = partial(run_command, folder=database.spool, env=env)
        jobs.append(RoleJob(database, roles, run_role, zone=zone, **common))
    jobs.append(ShareJob(database, TeamFile(database.path), **files))
    if embedder := embedder_for(settings.search_semantic):
        jobs.append(MeaningWriter(database, database.commits, embedder))
    retention = timedelta(days=settings.retention_days)
    return Maintenance(database, owner.clock, jobs, retention)
