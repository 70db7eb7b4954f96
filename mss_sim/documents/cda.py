"""A CDA as far as letters need it: header, identity of the patient, and what its body is (ref: ans-cda#header, ans-cda#identity)."""

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from mss_sim.vocabulary.documents import CdaLevel, Root
from mss_sim.vocabulary.patients import InsOid

if TYPE_CHECKING:
    from lxml.etree import _Element

HL7 = "urn:hl7-org:v3"
_NAMES = {"h": HL7}
_INSTANT = re.compile(r"(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:\.\d{1,4})?([+-]\d{4})?\Z", re.ASCII)
_INS_ROOTS = frozenset(InsOid)
_BLANKS = re.compile(r"\s+")
_TEXT_CHARS_MAX = 200_000
_ELEMENTS_MAX = 1_000
"""Elements of one name that are looked at; no header has a tenth of that."""
_BLOCKS = frozenset({"paragraph", "br", "item", "tr", "list", "table", "caption"})
_CELLS = frozenset({"td", "th"})


class Code(NamedTuple):
    """A coded value; what is not given is empty."""

    code: str = ""
    system: str = ""
    name: str = ""


class Number(NamedTuple):
    """An identifier: who gave it, and what it is; `extension` is empty where the root says all."""

    root: str
    extension: str = ""

    def __str__(self) -> str:
        return f"{self.root}^{self.extension}" if self.extension else self.root


@dataclass(frozen=True)
class Cda:
    """A document by its place in the archive; every value as it stands in it, empty where it is not given."""

    document: str
    root: "_Element"

    def all(self, path: str) -> "Sequence[_Element]":
        """The elements at a path, `a/b/c` below the first element; the first thousand."""
        return list(islice(self.root.iterfind("/".join(f"h:{step}" for step in path.split("/")), _NAMES), _ELEMENTS_MAX))

    def one(self, path: str) -> "_Element | None":
        """The first of them."""
        return self.root.find("/".join(f"h:{step}" for step in path.split("/")), _NAMES)

    def text(self, path: str) -> str:
        """The text of the first of them, blanks at its ends taken away."""
        found = self.one(path)
        return "" if found is None else " ".join(str(found.xpath("string()")).split())

    def value(self, path: str, attribute: str = "value") -> str:
        """An attribute of the first of them."""
        found = self.one(path)
        return "" if found is None else (found.get(attribute) or "").strip()

    def code(self, path: str) -> Code:
        """A coded value."""
        return Code(self.value(path, "code"), self.value(path, "codeSystem"), self.value(path, "displayName"))

    def numbers(self, path: str) -> tuple[Number, ...]:
        """The identifiers at a path."""
        return tuple(Number((one.get("root") or "").strip(), (one.get("extension") or "").strip()) for one in self.all(path))

    @cached_property
    def id(self) -> Number:
        """The unique identifier of this version."""
        return next(iter(self.numbers("id")), Number(""))

    @cached_property
    def type(self) -> Code:
        """What kind of document it is."""
        return self.code("code")

    @cached_property
    def title(self) -> str:
        """For people."""
        return self.text("title")

    @cached_property
    def ins(self) -> Number | None:
        """The national number of the patient, the first that is given."""
        return next((number for number in self.numbers("recordTarget/patientRole/id") if number.root in _INS_ROOTS), None)

    @cached_property
    def local_numbers(self) -> tuple[Number, ...]:
        """Other numbers of the patient."""
        return tuple(number for number in self.numbers("recordTarget/patientRole/id") if number.root not in _INS_ROOTS)

    def _names(self, element: str, qualifier: str | None) -> tuple[str, ...]:
        found = self.all(f"recordTarget/patientRole/patient/name/{element}")
        return tuple(" ".join((one.text or "").split()) for one in found if one.get("qualifier") == qualifier)

    @cached_property
    def birth_name(self) -> str:
        """The family name of birth (qualifier BR); one without a qualifier where no other is given."""
        return next(iter(self._names("family", "BR") or self._names("family", None)), "")

    @cached_property
    def first_given(self) -> str:
        """The first given name of birth (qualifier BR), else the first word of those of birth."""
        return next(iter(self._names("given", "BR")), self.given_names.split(" ")[0])

    @cached_property
    def given_names(self) -> str:
        """All given names of birth, blanks between them."""
        return next(iter(self._names("given", None)), "")

    @cached_property
    def traits(self) -> dict[str, str]:
        """What an INS goes with, by the place of each below the patient; empty where it is not given."""
        return {
            "name/family[@qualifier='BR']": next(iter(self._names("family", "BR")), ""),
            "name/given[@qualifier='BR']": next(iter(self._names("given", "BR")), ""),
            "birthTime": self.birth_date,
            "administrativeGenderCode": self.sex,
            "name/given": self.given_names,
            "birthplace/place/addr/county": self.text("recordTarget/patientRole/patient/birthplace/place/addr/county"),
        }

    def qualified(self, roots: frozenset[str]) -> bool:
        """Whether number, root and the four strict traits are there (ref: ref2#ECO.2.4.2)."""
        return self.ins is not None and self.ins.root in roots and bool(self.ins.extension) and all(list(self.traits.values())[:4])

    @cached_property
    def birth_date(self) -> str:
        """As AAAAMMJJ."""
        return self.value("recordTarget/patientRole/patient/birthTime")[:8]

    @cached_property
    def sex(self) -> str:
        """F, M or UN."""
        return self.value("recordTarget/patientRole/patient/administrativeGenderCode", "code")

    @cached_property
    def act_began(self) -> str:
        """When the main act was, as it is written."""
        path = "documentationOf/serviceEvent/effectiveTime"
        return self.value(f"{path}/low") or self.value(path)

    @cached_property
    def act_ended(self) -> str:
        """When it was over."""
        return self.value("documentationOf/serviceEvent/effectiveTime/high")

    @cached_property
    def practice(self) -> Code:
        """The setting of practice of who did the main act."""
        return self.code("documentationOf/serviceEvent/performer/assignedEntity/representedOrganization/standardIndustryClassCode")

    @cached_property
    def facility(self) -> Code:
        """The sector of the place of care."""
        return self.code("componentOf/encompassingEncounter/location/healthCareFacility/code")

    @cached_property
    def replaces(self) -> tuple[Number, ...]:
        """The documents that this one replaces."""
        found = [one for one in self.all("relatedDocument") if one.get("typeCode") == "RPLC"]
        ids = [one for related in found for one in related.findall("h:parentDocument/h:id", _NAMES)]
        return tuple(Number((one.get("root") or "").strip(), (one.get("extension") or "").strip()) for one in ids)

    @cached_property
    def confidentiality(self) -> tuple[str, ...]:
        """The codes of confidentiality."""
        return tuple(one.get("code") or "" for one in self.all("confidentialityCode"))

    @cached_property
    def level(self) -> CdaLevel | None:
        """How much of its body machines can read; None where it has none."""
        if self.one("component/structuredBody") is not None:
            return CdaLevel.N3
        return CdaLevel.N1 if self.one("component/nonXMLBody") is not None else None

    @cached_property
    def pdf(self) -> bytes | None:
        """The PDF that a document of level N1 is; None where it is none, or cannot be decoded."""
        body = self.one("component/nonXMLBody/text")
        if body is None or body.get("mediaType") != "application/pdf" or body.get("representation") != "B64":
            return None
        try:
            return base64.b64decode("".join((body.text or "").split()), validate=True) or None
        except (binascii.Error, ValueError):
            return None

    @cached_property
    def narrative(self) -> tuple[tuple[str, str], ...]:
        """(title, text) of each section, in order, in plain text; cut where it is very long."""
        told: list[tuple[str, str]] = []
        left = _TEXT_CHARS_MAX
        for section in self.root.iter(f"{{{HL7}}}section"):
            title, text = section.find("h:title", _NAMES), section.find("h:text", _NAMES)
            words = "" if text is None else _lines(text)[:left]
            left -= len(words)
            told.append(("" if title is None else str(title.xpath("string()"))[:500].strip(), words.strip()))
            if left <= 0:
                break
        return tuple(told)


def _lines(text: "_Element") -> str:
    """The text of a section: each paragraph, item and row of a table on a line of its own, cells with a bar between them."""
    told: list[str] = []
    for event, element in _walked(text):
        name = str(element.tag).rpartition("}")[2]
        if event == "start":
            told += ["\n" if name in _BLOCKS else "\t" if name in _CELLS else "", _BLANKS.sub(" ", element.text or "")]
        elif element is not text:
            told += ["\n" if name in _BLOCKS else "", _BLANKS.sub(" ", element.tail or "")]
    rows = ([" ".join(cell.split()) for cell in line.split("\t")] for line in "".join(told).split("\n"))
    return "\n".join(line for row in rows if (line := " | ".join(cell for cell in row if cell)))


def _walked(element: "_Element") -> "Iterator[tuple[str, _Element]]":
    """Each element below one, and itself, when it begins and when it is over."""
    from lxml import etree  # noqa: PLC0415 - loaded when a diagnosis is asked for

    yield from etree.iterwalk(element, events=("start", "end"))


def instant(text: str) -> datetime | None:
    """An instant of HL7 in UTC, whatever is left out being the beginning; None when it cannot be read. None is its zone: UTC."""
    found = _INSTANT.match(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, zone = found.groups()
    try:
        local = datetime(int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=UTC)
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:])) if zone else timedelta()
        return local + offset if zone and zone[0] == "-" else local - offset
    except (ValueError, OverflowError):
        return None


def is_professional(number: Number) -> bool:
    """Whether it is a number of a professional."""
    return number.root == Root.PROFESSIONALS
