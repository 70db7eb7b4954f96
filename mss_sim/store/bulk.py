"""People and mailboxes stored many at once: for each table one statement, compiled once, that runs for all rows.

What is asked about them before is asked for all of them too: `identities.with_idnats`, `identities.logins_taken`, `mailboxes.taken`,
`operators.ids_of_domains`, `patients.with_numbers`.
"""

from dataclasses import dataclass, field

from mss_sim.clock import Micros
from mss_sim.store import identities, mailbox_uses, mailboxes, patients
from mss_sim.store.engine import RIGHTS_CHANGED, Connection, announce
from mss_sim.store.identities import Identity
from mss_sim.store.mailboxes import Mailbox
from mss_sim.store.patients import PatientIdentity
from mss_sim.vocabulary.mailboxes import PROFESSIONAL_KINDS


@dataclass(slots=True)
class Gathered:
    """What is to be stored together. `accounts`: id, identity, canonical login, hash; `mailboxes`: each with the ids of its first folders;
    `co_holders`: mailbox, identity.
    """

    identities: list[Identity] = field(default_factory=list)
    accounts: list[tuple[int, int, str, str]] = field(default_factory=list)
    patients: list[PatientIdentity] = field(default_factory=list)
    mailboxes: list[tuple[Mailbox, list[int]]] = field(default_factory=list)
    co_holders: list[tuple[int, int]] = field(default_factory=list)


def add(conn: Connection, gathered: Gathered, at: Micros) -> None:
    """Store all of it at an instant; IntegrityError when an idNat, a login, a number in its root or an address is taken."""
    announce(conn, RIGHTS_CHANGED)
    identities.add_all(conn, gathered.identities, gathered.accounts)
    patients.add(conn, gathered.patients)
    mailboxes.add_all(conn, gathered.mailboxes)
    mailbox_uses.add(conn, [row.id for row, _ in gathered.mailboxes if row.kind in PROFESSIONAL_KINDS], at)
    mailboxes.add_co_holders(conn, gathered.co_holders, at)
