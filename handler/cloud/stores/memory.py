"""What a warm instance remembers of the ledger, so that a wake-up with nothing to do opens no connection."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass
class LedgerMemory:
    """The objects that were read, by address and key: none ever changes.

    Until `idle_until`, when the next quiet hours begin, the ledger at `address` holds nothing to resume.
    """

    bodies: dict[str, bytes] = field(default_factory=dict)
    address: str | None = None
    idle_since: datetime | None = None
    idle_until: datetime | None = None

    def of(self, address: str) -> "LedgerMemory":
        """Return this memory, emptied where it is of another ledger."""
        if self.address != address:
            self.bodies, self.address = {}, address
            self.forget()
        return self

    def forget(self) -> None:
        """Forget that there is nothing to resume."""
        self.idle_since = self.idle_until = None

    def is_idle(self, now: datetime) -> bool:
        """Return whether nothing has to be read at `now`. A clock that was set back decides nothing."""
        since, until = self.idle_since, self.idle_until
        return since is not None and since <= now and (until is None or now < until)
