"""A cache of domains and mailboxes, so that RCPT does not query the store each time.

Only positive answers come from memory: any refusal is checked again in the store, and delivery reads the locked row
anyway. A stale cache can therefore delay a refusal from RCPT to the end of DATA, never lose or invent one.
"""

from dataclasses import dataclass

from mss_sim.mail.addresses import domain_of
from mss_sim.policy.routing import MailboxFitness, Room, standing
from mss_sim.store import mailboxes, operators
from mss_sim.store.engine import Connection, version_seen
from mss_sim.store.mailboxes import Mailbox
from mss_sim.store.operators import Operator
from mss_sim.store.store import Store

_CARDS_MAX = 10_000


@dataclass(slots=True)
class _Memory:
    version: int
    operators: dict[int, Operator]
    domains: dict[str, int]
    cards: dict[str, Mailbox]
    ceiling: int = 0


class Directory:
    """Domains, operators and mailboxes as they were last read."""

    def __init__(self, store: Store, message_size_bytes_max: int) -> None:
        self._store = store
        self._default_bytes_max = message_size_bytes_max
        self._memory = _Memory(-1, {}, {}, {})

    async def operator_of(self, address: str) -> Operator | None:
        """The operator of an address's domain; None when the domain is outside the trust space."""
        domain = domain_of(address)
        memory = await self._fresh()
        if domain not in memory.domains:
            memory = await self._load()
        operator_id = memory.domains.get(domain)
        return None if operator_id is None else memory.operators[operator_id]

    async def operator(self, operator_id: int | None) -> Operator | None:
        """The operator with that id."""
        memory = await self._fresh()
        return None if operator_id is None else memory.operators.get(operator_id)

    async def operators(self) -> list[Operator]:
        """All operators by name."""
        return list((await self._fresh()).operators.values())

    def operator_in(self, conn: Connection, address: str) -> Operator | None:
        """The same inside a unit of work: from memory while nothing changed, else as the unit sees it."""
        seen, domain = version_seen(conn), domain_of(address)
        if seen is not None and seen > self._memory.version:  # what is read is committed and may be cached
            self._remember(seen, operators.list_all(conn))
        memory = self._memory
        if memory.version >= (self._store.directory_version if seen is None else seen) and domain in memory.domains:
            return memory.operators[memory.domains[domain]]
        return operators.of_domain(conn, domain)

    async def domain_above(self, name: str) -> str | None:
        """The longest domain of the trust space that equals a host name or contains it; one query, not one for each label."""
        await self.operator_of(f"x@{name}")
        while name and name not in self._memory.domains:
            name = name.partition(".")[2]
        return name or None

    async def mailbox(self, address: str) -> Mailbox | None:
        """The mailbox at a canonical address."""
        memory = await self._fresh()
        return memory.cards.get(address) or await self._read(address)

    def known_to_accept(self, address: str, size_bytes: int) -> Operator | None:
        """The operator of a cached recipient that accepts a message of that size; None when the store must be asked."""
        memory = self._memory
        mailbox = memory.cards.get(address)
        if mailbox is None or memory.version != self._store.directory_version:
            return None
        return memory.operators[mailbox.operator_id] if self._standing(mailbox, size_bytes) is MailboxFitness.ACTIVE else None

    async def standing(self, address: str, size_bytes: int) -> tuple[MailboxFitness, Operator | None]:
        """Whether a recipient fits a message of that size, and its operator."""
        welcoming = self.known_to_accept(address, size_bytes)
        if welcoming:
            return MailboxFitness.ACTIVE, welcoming
        operator = await self.operator_of(address)
        if operator is None:
            return MailboxFitness.OUTSIDE, None
        mailbox = self._memory.cards.get(address)
        if mailbox is None or self._standing(mailbox, size_bytes) is not MailboxFitness.ACTIVE:
            mailbox = await self._read(address)
        return self._standing(mailbox, size_bytes) if mailbox else MailboxFitness.UNKNOWN, operator

    def _standing(self, mailbox: Mailbox, size_bytes: int) -> MailboxFitness:
        room = Room(mailbox.used_bytes, mailbox.quota_bytes, self.limit_of(mailbox.message_size_bytes_max, mailbox.operator_id))
        return standing(mailbox.state, room, size_bytes)

    def limit_of(self, own: int | None, operator_id: int) -> int:
        """The largest message in bytes that a mailbox accepts or sends: its own limit, else its operator's, else the setting's."""
        operator = self._memory.operators.get(operator_id)
        theirs = operator.message_size_bytes_max if operator else None
        return own or theirs or self._default_bytes_max

    async def ceiling(self) -> int:
        """The largest message in bytes that any operator accepts: announced before the server knows whose mail it is."""
        return (await self._fresh()).ceiling

    async def _fresh(self) -> _Memory:
        return self._memory if self._memory.version == self._store.directory_version else await self._load()

    async def _load(self) -> _Memory:
        version = self._store.directory_version
        self._remember(version, await self._store.read(operators.list_all))
        return self._memory

    def _remember(self, version: int, rows: list[Operator]) -> None:
        domains = {domain: operator.id for operator in rows for domain in operator.domains}
        ceiling = max([self._default_bytes_max, *(operator.message_size_bytes_max or 0 for operator in rows)])
        self._memory = _Memory(version, {operator.id: operator for operator in rows}, domains, {}, ceiling)

    async def _read(self, address: str) -> Mailbox | None:
        memory = self._memory
        mailbox = await self._store.read_briefly(mailboxes.by_address, address)
        if mailbox is None:
            memory.cards.pop(address, None)
            return None
        if len(memory.cards) >= _CARDS_MAX:
            memory.cards.clear()
        memory.cards[address] = mailbox
        return mailbox
