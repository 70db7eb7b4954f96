"""Letters with documents for the tests: made whole, or broken in one way, and what a diagnosis says of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from mss_sim.core.mailbox.diagnosis import fault_of_ins
from mss_sim.documents.diagnosing import diagnose_letter
from mss_sim.documents.findings import Diagnosis
from mss_sim.documents.making.paper import Paper
from mss_sim.documents.making.parcel import Parcel, Steps, make_parcel
from mss_sim.documents.practice import Practice
from mss_sim.mail.compose import Draft, File, compose
from mss_sim.vocabulary.documents import CdaLevel, FindingLevel

AT = datetime(2026, 1, 5, 10, tzinfo=ZoneInfo("Europe/Paris"))
PRACTICE = Practice(fault_of_ins=fault_of_ins)
DOCTOR, SECRETARY = "camille.martin@medecin.sim.mssante.fr", "tilleuls@cabinet.sim.mssante.fr"
GRAVE = (FindingLevel.ERROR, FindingLevel.WARNING)


def paper(level: CdaLevel = CdaLevel.N3, type_: str = "11490-0") -> Paper:
    """A document of the patient of the samples."""
    return Paper(AT, type=type_, level=level)


def posted(
    parcel: Parcel, *, to: str = SECRETARY, sender: str = DOCTOR, headers: Mapping[str, str] | None = None, asks_receipt: bool = False
) -> bytes:
    """A letter that carries it, as it would be stored."""
    files = [File(one.name, one.content_type, one.octets) for one in parcel.attachments]
    draft = Draft(
        ("", sender),
        [("", to)],
        parcel.subject,
        "Bonjour.\n",
        files=files,
        receipt_to=("", sender) if asks_receipt else None,
        headers={**parcel.headers, **(headers or {})},
    )
    return compose(draft, message_id="<document@medecin.sim.mssante.fr>", at=1)


def letter(level: CdaLevel = CdaLevel.N3, steps: Steps | None = None, *, to: str = SECRETARY) -> bytes:
    """A letter with one document."""
    return posted(make_parcel([paper(level)], steps or Steps()), to=to)


def found(raw: bytes, practice: Practice = PRACTICE) -> Diagnosis:
    """What a diagnosis says of a letter."""
    return diagnose_letter(raw, practice)


def grave(diagnosis: Diagnosis) -> list[str]:
    """The codes of its errors and warnings."""
    return [one.kind.code for one in diagnosis.findings if one.level in GRAVE]


def codes(diagnosis: Diagnosis) -> list[str]:
    """All its codes."""
    return [one.kind.code for one in diagnosis.findings]


def without(parcel: Parcel, names: Sequence[str]) -> Parcel:
    """The parcel without some of its fields."""
    return replace(parcel, headers={name: value for name, value in parcel.headers.items() if name not in names})
