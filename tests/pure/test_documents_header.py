"""The header of a CDA, element by element: which have to be there, how often, and which may be unknown; each trait of an identity."""

import io
import zipfile
from collections.abc import Callable

import pytest
from lxml import etree

from mss_sim.documents.diagnosing import diagnose_file, diagnose_letter
from mss_sim.documents.making.parcel import FOLDER, make_parcel
from mss_sim.vocabulary.documents import CdaLevel
from tests.parcels import PRACTICE, paper, posted

_HL7 = "{urn:hl7-org:v3}"
_USUAL = "ins.test-root"
_ONCE = (
    *("realmCode", "typeId", "id", "code", "effectiveTime", "confidentialityCode", "languageCode", "versionNumber"),
    *("recordTarget", "custodian", "legalAuthenticator", "componentOf"),
)
_SEVERAL, _ADVISED = ("author", "documentationOf"), ("title", "setId")


def _told(change: Callable[[etree._Element], None], level: CdaLevel = CdaLevel.N3) -> list[tuple[str, str]]:
    """(code, place) of what is told of a document that is right but for the change."""
    with zipfile.ZipFile(io.BytesIO(make_parcel([paper(level)]).attachments[0].octets)) as archive:
        root = etree.fromstring(archive.read(f"{FOLDER}/DOC00001.XML"))
    change(root)
    octets = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return [(one.kind.code, one.where) for one in diagnose_file(octets, "A.XML", PRACTICE).findings if one.kind.code != _USUAL]


def _removed(name: str) -> Callable[[etree._Element], None]:
    def change(root: etree._Element) -> None:
        for one in root.findall(f"{_HL7}{name}"):
            root.remove(one)

    return change


def _unknown(name: str) -> Callable[[etree._Element], None]:
    """The element says that it is not known, by one of the words that are allowed elsewhere."""

    def change(root: etree._Element) -> None:
        root.find(f"{_HL7}{name}").set("nullFlavor", "UNK")

    return change


def _twice(name: str) -> Callable[[etree._Element], None]:
    def change(root: etree._Element) -> None:
        one = root.find(f"{_HL7}{name}")
        one.addnext(etree.fromstring(etree.tostring(one)))

    return change


@pytest.mark.parametrize("name", [*_ONCE, *_SEVERAL, *_ADVISED])
def test_an_element_that_is_missing_is_told_by_its_name(name: str) -> None:
    assert ("cda.element-advised" if name in _ADVISED else "cda.element-missing", name) in _told(_removed(name))


@pytest.mark.parametrize("name", _ONCE)
def test_an_element_that_stands_once_is_told_when_it_stands_twice(name: str) -> None:
    assert _told(_twice(name)) == [("cda.element-twice", name)]


@pytest.mark.parametrize("name", ["title", "setId", "dataEnterer", "relatedDocument"])
def test_an_element_that_may_be_left_out_stands_once_at_most(name: str) -> None:
    def change(root: etree._Element) -> None:
        if root.find(f"{_HL7}{name}") is None:
            inside = f'<parentDocument xmlns="{_HL7[1:-1]}"><id root="1.2.3"/></parentDocument>'
            one = etree.SubElement(root, f"{_HL7}{name}", typeCode="RPLC")
            one.append(etree.fromstring(inside))
        _twice(name)(root)

    assert _told(change) == [("cda.element-twice", name)]


@pytest.mark.parametrize("name", _SEVERAL)
def test_an_element_that_may_stand_several_times_does(name: str) -> None:
    assert _told(_twice(name)) == []


@pytest.mark.parametrize("name", [*_ONCE, *_SEVERAL])
def test_an_element_of_every_header_is_known_but_for_the_custodian(name: str) -> None:
    assert (("cda.null-forbidden", name) in _told(_unknown(name))) is (name != "custodian")


_PATIENT = "recordTarget/patientRole/patient"
_TRAITS = {
    "name/family[@qualifier='BR']": "ins.traits-missing",
    "name/given[@qualifier='BR']": "ins.traits-missing",
    "birthTime": "ins.traits-missing",
    "administrativeGenderCode": "ins.traits-missing",
    "name/given": "ins.traits-missing",
    "birthplace": "ins.traits-missing",
}


@pytest.mark.parametrize("trait", _TRAITS)
def test_a_trait_that_an_ins_goes_with_is_told_when_it_is_missing(trait: str) -> None:
    def change(root: etree._Element) -> None:
        steps = [f"{_HL7}{step}" for step in f"{_PATIENT}/{trait}".split("/")]
        (one, *_) = root.findall("/".join(steps))
        one.getparent().remove(one)

    assert (_TRAITS[trait], _PATIENT) in _told(change)


@pytest.mark.parametrize("start", ["tel:", "fax:", "mailto:", "http:", "ftp:", "mllp:"])
def test_a_telecom_begins_as_the_national_texts_have_it(start: str) -> None:
    def change(root: etree._Element) -> None:
        telecom = root.find(f"{_HL7}author/{_HL7}assignedAuthor/{_HL7}telecom")
        del telecom.attrib["nullFlavor"]
        telecom.set("value", f"{start}0199001234")

    assert _told(change) == []


@pytest.mark.parametrize(
    ("use", "told"), [("H", 0), ("HP HV WP", 0), ("DIR PUB", 0), ("EC", 0), ("MC PG", 0), ("", 0), ("WORK", 1), ("h", 1), ("WP X", 1)]
)
def test_what_a_telecom_is_for_is_one_of_the_known_words(use: str, told: int) -> None:
    def change(root: etree._Element) -> None:
        root.find(f"{_HL7}recordTarget/{_HL7}patientRole/{_HL7}telecom").set("use", use)

    assert _told(change) == [("cda.telecom-use", "telecom/@use")] * told


@pytest.mark.parametrize(
    ("type_", "level", "told"),
    [("11502-2", CdaLevel.N1, ["cda.biology-level"]), ("11502-2", CdaLevel.N3, []), ("11490-0", CdaLevel.N1, [])],
)
def test_a_report_of_biology_is_structured(type_: str, level: CdaLevel, told: list[str]) -> None:
    found = diagnose_letter(posted(make_parcel([paper(level, type_)])), PRACTICE)
    assert [one.kind.code for one in found.findings if one.kind.code != _USUAL] == told


@pytest.mark.parametrize(("level", "code"), [(CdaLevel.N1, "cda.template-missing"), (CdaLevel.N3, "cda.template-of-content")])
def test_a_document_names_a_third_model_which_is_that_of_its_content(level: CdaLevel, code: str) -> None:
    def change(root: etree._Element) -> None:
        for one in root.findall(f"{_HL7}templateId")[2:]:
            root.remove(one)

    assert _told(change, level) == [(code, "templateId/@root" if level is CdaLevel.N1 else "templateId")]
