"""The roles of the settings, in the order in which they count. Imports nothing that runs them."""

from typing import Final

from ingest.role_settings import OBSERVE, Fact, Role, RoleOutput, When, with_presets
from ingest.settings import Settings

_OBSERVED: Final = (Fact.TURNS, Fact.MESSAGES, Fact.CALLS, Fact.FILES, Fact.PLAN)


def all_roles(settings: Settings) -> list[Role]:
    """Every role, in the order in which they count: the configured ones, presets, the observer."""
    roles = with_presets(settings.roles)
    if settings.observe_command:
        roles.append(
            Role(
                name=OBSERVE,
                command=settings.observe_command,
                when=When.SESSION_IDLE,
                quiet_minutes=settings.observe_quiet_minutes,
                scope=_OBSERVED,
                scope_chars=None,
                writes=(RoleOutput.NOTES,),
                timeout_seconds=settings.observe_timeout_seconds,
                output_bytes=settings.observe_output_bytes,
                runs_per_day=None,
                tokens_per_day=None,
            )
        )
    return roles


def role_names(settings: Settings) -> list[str]:
    return [role.name for role in all_roles(settings)]
