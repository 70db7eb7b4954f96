"""Dispensations: what lets a patient write first to a pharmacy (the last table of policy/closure); recorded by the control plane."""

from datetime import date

from mss_sim.clock import DAY, to_datetime
from mss_sim.core.access.identities import require_identity
from mss_sim.core.access.identity_names import identity_called
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.store import dispensations
from mss_sim.store.dispensations import Dispensation
from mss_sim.store.engine import Connection
from mss_sim.vocabulary.mailboxes import IdentityKind
from mss_sim.words.sentence import say

_EPOCH = date(1970, 1, 1)


async def record(world: World, patient: str, organisation: str, day: date | None) -> Dispensation:
    """Medicines were dispensed to a patient (idNat, login or address) by an organisation (idNat) on a day, today by default.

    One for each pair is kept, the one that was recorded last.
    """
    today = to_datetime(world.clock.now()).date()
    if day is not None and not _EPOCH <= day <= today:
        detail = say("Name a day that has come: it is {today} in this world.", today=today.isoformat())
        raise Refusal(Rule.INVALID, detail, subject=day.isoformat(), reference="quirks#pharmacies")
    at = ((day or today) - _EPOCH).days * DAY

    def unit(conn: Connection) -> Dispensation:
        who, where = (identity_called(conn, name) or require_identity(conn, name) for name in (patient, organisation))
        for identity, kind in ((who, IdentityKind.PATIENT), (where, IdentityKind.ORGANISATION)):
            if identity.kind is not kind:
                detail = say("Medicines are dispensed to a patient, by an organisation; {idnat} is neither here.", idnat=identity.idnat)
                raise Refusal(Rule.INVALID, detail, subject=identity.idnat, reference="quirks#pharmacies")
        dispensations.record(conn, who.id, where.id, at)
        return Dispensation(who.idnat, where.idnat, at)

    return await world.store.write(unit)


async def list_all(world: World) -> list[Dispensation]:
    """All dispensations."""
    return await world.store.read(dispensations.list_all)
