"""What a client costs: counted while it is served, added up when somebody asks."""

from collections import deque
from dataclasses import dataclass, fields

_KNOWN_MAX = 10_000


@dataclass(slots=True)
class Costs:
    """The costs of one session, or of several together. Octets are those within TLS; of HTTP, heads without their line ends.

    `polls` are commands that only ask whether there is news; `retries` repeat, letter by letter, what was refused to the same client
    before, each refusal counting once; `duplicates` are letters taken that the same client had brought before. `letters_read` counts
    whole letters handed out.
    """

    connections: int = 0
    commands: int = 0
    letters_sent: int = 0
    letters_read: int = 0
    octets_in: int = 0
    octets_out: int = 0
    polls: int = 0
    retries: int = 0
    duplicates: int = 0

    def add(self, other: "Costs") -> None:
        """Add those of another session."""
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))

    @property
    def commands_per_letter(self) -> float | None:
        """How many commands each letter took, sent or read; None where there was none."""
        letters = self.letters_sent + self.letters_read
        return round(self.commands / letters, 2) if letters else None


class SeenBefore:
    """What came before, by its hash: the last ten thousand."""

    def __init__(self) -> None:
        self._order: deque[int] = deque()
        self._known: set[int] = set()

    def __len__(self) -> int:
        return len(self._known)

    def take(self, key: int) -> bool:
        """Forget it; True when it was there."""
        if key not in self._known:
            return False
        self._known.remove(key)
        return True

    def add(self, key: int) -> bool:
        """Remember it; True when it was there already."""
        if key in self._known:
            return True
        self._known.add(key)
        self._order.append(key)
        if len(self._order) > _KNOWN_MAX:
            self._known.discard(self._order.popleft())
        return False

    def clear(self) -> None:
        """Nothing came before."""
        self._order.clear()
        self._known.clear()
