"""What a document is about, before it has a form: who, by whom, of what type, when, and what it says."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from mss_sim.documents import value_sets
from mss_sim.vocabulary.documents import CdaLevel, Root
from mss_sim.vocabulary.patients import InsOid

BIOLOGY, LIAISON = "11502-2", "11490-0"
_IMAGING = frozenset({"18748-4", "55115-0"})


@dataclass(frozen=True, slots=True)
class Patient:
    """Whose document it is; the default is the patient of the national samples. `born` is AAAAMMJJ, `place` five characters.

    `number` and `root` are the INS; an empty number for a patient without one. `sex` is M, F or UN; `born` and `place` may be empty.
    """

    number: str = "279035121518989"
    root: str = InsOid.NIR_TEST
    birth_name: str = "PAT-TROIS"
    given_names: str = "DOMINIQUE MARIE-LOUISE"
    first_given: str = "DOMINIQUE"
    born: str = "19790328"
    sex: str = "F"
    place: str = "51215"

    @property
    def birthday(self) -> str:
        """As people write it: JJ/MM/AAAA, or nothing."""
        return f"{self.born[6:]}/{self.born[4:6]}/{self.born[:4]}" if self.born else ""

    @property
    def metadata_number(self) -> str:
        """As metadata write it (ref: ans-cda#xdm)."""
        return f"{self.number}^^^&{self.root}&ISO^NH"


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote and signs it, and for which organisation; numbers in the national form (ref: ans-idnps)."""

    number: str = "899700420013"
    family: str = "MARTIN"
    given: str = "Camille"
    organisation_number: str = "1750000001"
    organisation: str = "Cabinet des Tilleuls"


@dataclass(frozen=True, slots=True)
class Paper:
    """One document. `type` is a code of JDV_J07, `at` an instant with its zone, `replaces` the id of the version before."""

    at: datetime
    patient: Patient = Patient()
    author: Author = Author()
    type: str = LIAISON
    level: CdaLevel = CdaLevel.N3
    text: Sequence[str] = field(default=("Tout est fictif dans ce document de démonstration.",))
    version: int = 1
    replaces: str | None = None

    @property
    def type_name(self) -> str:
        """What the national list calls the type; the code where it has none."""
        return value_sets.types().name(self.type, self.type_system) or self.type

    @property
    def type_system(self) -> str:
        """Who gave the code of the type."""
        return value_sets.types().system_of(self.type) or Root.LOINC

    @property
    def title(self) -> str:
        """What it is called for people."""
        return self.type_name

    @property
    def id(self) -> str:
        """An identifier of its own, the same each time that this very document is made."""
        return _oid(repr(replace(self, replaces=None)))

    @property
    def set_id(self) -> str:
        """What all its versions have in common."""
        return _oid(repr((self.patient, self.author, self.type, self.at.date())))

    @property
    def instant(self) -> str:
        """When it was made, as HL7 writes it."""
        return self.at.strftime("%Y%m%d%H%M%S%z")

    @property
    def class_code(self) -> tuple[str, str]:
        """The code and the name of its class; two of them are known publicly."""
        return ("31", "Imagerie médicale") if self.type in _IMAGING else ("11", "Compte rendu")

    @property
    def format_code(self) -> str:
        """Its format, as the national stylesheet has it."""
        if self.level is CdaLevel.N1:
            return "urn:ihe:iti:xds-sd:pdf:2008"
        return "urn:ihe:lab:xd-lab:2008" if self.type == BIOLOGY else "urn:asipSante:modelesHorsProfils:2011"

    @property
    def pdf_name(self) -> str:
        """What its PDF is called (ref: ref2#ECO.2.1.6)."""
        fields = (self.at.strftime("%Y%m%d"), self.type_name, self.patient.birth_name, self.patient.first_given)
        return "_".join(text.replace("_", " ").replace("/", " ") for text in fields) + ".pdf"


def _oid(text: str) -> str:
    """An OID out of a digest, in the arc of numbers that anybody may draw."""
    return f"2.25.{int.from_bytes(hashlib.sha256(text.encode()).digest()[:15])}"
