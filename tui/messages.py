"""What the parts of the screen tell each other. Where a newer message says all that an older one
of its kind did, it may replace it, so that a flood of them becomes one.
"""

from dataclasses import dataclass

from textual.message import Message

from tui.supervisor import SupervisorProblem


@dataclass
class Moved(Message):
    """Something was committed, or another owner has the database now."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, Moved)


@dataclass
class OwnerLost(Message):
    """The owner has ended; what is shown is as it was."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, OwnerLost)


@dataclass
class OwnerFound(Message):
    """Somebody answers at the door."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, OwnerFound)


@dataclass
class OwnerRefused(Message):
    """There is no owner, and none can be started."""

    trouble: SupervisorProblem

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, OwnerRefused)


@dataclass
class OwnerNoted(Message):
    """The owner had something to say when it opened the database."""

    text: str


@dataclass
class HungUp(Message):
    """The terminal is gone."""
