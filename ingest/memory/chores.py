"""What an owner who stays does beside reading, as the settings ask for it."""

from collections.abc import Mapping
from datetime import timedelta, tzinfo
from functools import partial
from typing import Any

from ingest.memory.journal.auto import Journaler
from ingest.settings import Settings
from ingest.worker import program
from ingest.worker.beside import Beside
from ingest.worker.chores import Chores
from ingest.worker.observe import Observer
from ingest.worker.owner import Owner


def chores(owner: Owner, settings: Settings, env: Mapping[str, str], zone: tzinfo | None) -> Chores:
    common: dict[str, Any] = {"tuning": owner.tuning, "clock": owner.clock}
    beside: list[Beside[Any]] = [
        Journaler(owner.database, owner.instance, turns=settings.journal_turns, zone=zone, **common)
    ]
    if settings.observe_command:
        tell = partial(
            program.tell,
            settings.observe_command,
            program.Leash(settings.observe_timeout_seconds, settings.observe_output_bytes),
            owner.database.spool,
            env,
        )
        quiet = timedelta(minutes=settings.observe_quiet_minutes)
        beside.append(Observer(owner.database, owner.instance, tell, quiet=quiet, **common))
    kept = timedelta(days=settings.retention_days)
    return Chores(owner.database, owner.clock, beside, kept)
