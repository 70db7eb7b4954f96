"""A gateway takes documents in or says why not: by a receipt of integration, or by a letter where no receipt may leave."""

from collections.abc import Callable

import pytest

from mss_sim.core.control.documents_on_demand import Wanted, make
from mss_sim.core.mailbox import behaviours
from mss_sim.core.patients import hospital_gateway
from mss_sim.documents.making.parcel import Parcel
from mss_sim.mail import mdn
from mss_sim.mail.parse import parse
from mss_sim.vocabulary.clock import FiredKind
from mss_sim.vocabulary.documents import CdaLevel
from mss_sim.vocabulary.mail import Disposition, ReceiptFamily
from tests.clients import HOSPITAL
from tests.core.towns import IDNATS, Town
from tests.parcels import posted

_GATEWAY = "resultats@labo-parc.sim.mssante.fr"
_CLAIRE = "285037511300167"
_CDA = "11490-0"


async def _parcel(town: Town, patient: str | None = "patient", level: CdaLevel = CdaLevel.N3) -> Parcel:
    parcel, _ = await make(town.world, Wanted([_CDA], level, IDNATS[patient] if patient else None))
    return parcel


def _without(old: str, new: str = "") -> Callable[[bytes], bytes]:
    return lambda raw: raw.replace(old.encode(), new.encode())


async def _arrives(town: Town, parcel: Parcel, *, asks: bool = True) -> None:
    raw = posted(parcel, sender=HOSPITAL, to=_GATEWAY, asks_receipt=asks)
    await behaviours.set_behaviour(town.world, _GATEWAY, "gateway")
    await town.send("hospital", HOSPITAL, _GATEWAY, raw=raw)
    assert len(await town.lying(_GATEWAY)) == 1


async def _answer(town: Town) -> bytes:
    (came,) = await town.lying(HOSPITAL)
    return await town.raw(came)


@pytest.mark.parametrize("level", CdaLevel)
async def test_the_document_of_a_known_patient_is_taken_in(town: Town, level: CdaLevel) -> None:
    parcel = await _parcel(town, level=level)
    await _arrives(town, parcel)
    assert [one.kind for one in await town.core.patients.work()] == [FiredKind.RECEIPT_SENT]
    raw = await _answer(town)
    parsed = parse(raw)
    told = mdn.parse(raw, parsed.root)
    assert told is not None
    assert (told.disposition, told.failed, told.final_recipient) == (Disposition.PROCESSED, False, _GATEWAY)
    assert b"automatic-action/MDN-sent-automatically; processed\r\n" in raw
    assert (parsed.subject, parsed.is_report) == (parcel.subject, True)
    assert await town.core.patients.next_at() is None


async def test_the_patient_of_the_samples_is_unknown_here(town: Town) -> None:
    parcel = await _parcel(town, patient=None)
    await _arrives(town, parcel)
    await town.core.patients.work()
    raw = await _answer(town)
    parsed = parse(raw)
    told = mdn.parse(raw, parsed.root)
    assert told is not None
    assert (told.error, told.failed, told.family) == ("902^Identifiant de patient inconnu", True, ReceiptFamily.IG_1_1_3)
    assert "could not be processed: 902^Identifiant de patient inconnu" in parsed.text
    assert parsed.subject == f"[KO Intégration système !][902] {parcel.subject}"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        pytest.param(_without(_CLAIRE, "285037511300299"), "904^L'INS du CDA diffère de celle du patient connu", id="another number"),
        pytest.param(_without("FONTAINE", "FONTANA"), None, id="another name, and the right number"),
        pytest.param(_without('<birthTime value="19850312"/>', "<birthTime/>"), "905^INS incomplète", id="no day of birth"),
        pytest.param(_without("1.2.250.1.213.1.4.", "1.2.3."), "903^Pas d'INS dans le CDA", id="a number of another root"),
        pytest.param(_without("<", "{"), "906^Aucun document CDA lisible", id="no CDA"),
    ],
)
async def test_what_is_found_in_the_document_itself(town: Town, change: Callable[[bytes], bytes], error: str | None) -> None:
    from mss_sim.core.mailbox.diagnosis import practice
    from mss_sim.documents.making.parcel import Attachment
    from mss_sim.documents.patients import cdas_of

    parcel = await _parcel(town)
    (cda,) = cdas_of(posted(parcel), practice(town.world.settings), town.world.parse_limits)
    from lxml import etree

    octets = change(etree.tostring(cda.root))
    raw = posted(Parcel("Document", {}, (Attachment("CDA.XML", "text/xml", octets),)), sender=HOSPITAL, to=_GATEWAY)
    assert await hospital_gateway.integrate(town.world, raw) == error


async def test_a_letter_that_asks_for_no_receipt_is_answered_by_a_letter_with_what_was_tried(town: Town) -> None:
    parcel = await _parcel(town, patient=None)
    await _arrives(town, parcel, asks=False)
    assert [one.kind for one in await town.core.patients.work()] == [FiredKind.ANSWERED]
    raw = await _answer(town)
    parsed = parse(raw)
    assert (parsed.subject, parsed.is_report) == (f"[KO Intégration système !][902] {parcel.subject}", False)
    assert [part.filename for part in parsed.attachments][:2] == ["message_original.eml", "IHE_XDM.ZIP"]
    assert "our system: Identifiant de patient inconnu (902)." in parsed.text


async def test_a_letter_without_documents_and_a_receipt_set_nothing_off(town: Town) -> None:
    await behaviours.set_behaviour(town.world, _GATEWAY, "gateway")
    await town.send("hospital", HOSPITAL, _GATEWAY)
    assert await town.core.patients.work() == []
