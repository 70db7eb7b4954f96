"""Rules of others (Schematron) over the CDA documents of a letter, run by the engine: what they find, and what keeps them from it."""

import dataclasses
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mss_sim.documents import schematron, schematron_engine
from mss_sim.documents.diagnosing import diagnose_file
from mss_sim.documents.findings import Diagnosis
from mss_sim.documents.making.parcel import make_parcel
from mss_sim.documents.record import read_record, write_record
from mss_sim.documents.schematron import Rules
from mss_sim.documents.schematron_engine import RulesError, Schema, place
from mss_sim.vocabulary.documents import CdaLevel, FindingLevel
from tests.parcels import PRACTICE, codes, found, letter, paper, posted

_NAME = "CI-SIS_StructurationMinimale.sch"
_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<schema xmlns="http://purl.oclc.org/dsdl/schematron" xmlns:cda="urn:hl7-org:v3" queryBinding="xslt2">
  <ns prefix="cda" uri="urn:hl7-org:v3"/>
"""
_RULES = (
    _HEAD.replace("xslt2", 'xslt2" defaultPhase="minimal')
    + """
  <include href="abstract/listed.sch"/>
  <include href="en-t%C3%AAte/header.sch"/>
  <phase id="minimal"><active pattern="header"/><active pattern="practice"/></phase>
  <pattern id="practice" is-a="listed">
    <param name="path" value="'lists/practices.xml'"/>
    <param name="at" value="cda:confidentialityCode"/>
  </pattern>
  <pattern id="asleep"><rule context="cda:ClinicalDocument"><assert test="false()">Of another phase.</assert></rule></pattern>
</schema>
"""
)
_LISTED = """<pattern xmlns="http://purl.oclc.org/dsdl/schematron" id="listed" abstract="true">
  <rule context="$at"><let name="code" value="@code"/>
    <assert test="document($path)//*[@code = $code]">The code <value-of select="$code"/> is not in the list.</assert></rule>
</pattern>
"""
_HEADER = """<pattern xmlns="http://purl.oclc.org/dsdl/schematron" id="header">
  <rule context="cda:ClinicalDocument">
    <assert test="matches(cda:languageCode/@code, '^[a-z]{2}-[A-Z]{2}$')">The language is written as fr-FR.</assert>
    <assert test="exists(cda:setId[@extension = 'somebody'])" role="warning">A set of somebody.</assert>
    <report test="count(for $one in cda:author return $one) eq 1" role="info">One author.</report>
  </rule>
</pattern>
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Rules as the ANS lays them out: included files, abstract patterns, lists of values beside them, XPath 2, and a phase."""
    files = {
        f"profils/{_NAME}": _RULES,
        "profils/abstract/listed.sch": _LISTED,
        "profils/en-tête/header.sch": _HEADER,
        "profils/lists/practices.xml": '<list><one code="none of ours"/></list>',
    }
    for name, text in files.items():
        file = tmp_path / "rules" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return tmp_path / "rules"


def diagnosed(path: Path, raw: bytes | None = None, *names: str, seconds: float = 30) -> Diagnosis:
    rules = Rules(path, names or (_NAME,), seconds)
    return found(raw or letter(), dataclasses.replace(PRACTICE, schematron=rules))


def of_rules(diagnosis: Diagnosis) -> list[tuple[FindingLevel, str, str]]:
    return [(one.level, one.where, str(one.expected)) for one in diagnosis.findings if one.kind is schematron.RULE_FAILS]


def unchecked(diagnosis: Diagnosis) -> str:
    return " ".join(diagnosis.not_checked)


def test_what_rules_find_is_told_beside_ours_with_its_place_and_words(folder: Path) -> None:
    diagnosis = diagnosed(folder)
    name = f"profils/{_NAME}"
    assert of_rules(diagnosis) == [
        (FindingLevel.ERROR, "/ClinicalDocument/confidentialityCode", f"{name}: The code N is not in the list."),
        (FindingLevel.WARNING, "/ClinicalDocument", f"{name}: A set of somebody."),
        (FindingLevel.INFO, "/ClinicalDocument", f"{name}: One author."),
    ]
    assert {one.document for one in diagnosis.findings if one.kind is schematron.RULE_FAILS} == {
        "IHE_XDM.ZIP/IHE_XDM/SUBSET01/DOC00001.XML"
    }
    assert re.search(rf"The Schematron {name} \(sha256 [0-9a-f]{{12}}\) was run, and its rules met 2 places\.", unchecked(diagnosis))
    assert "this is no proof of conformity" in unchecked(diagnosis)
    assert "No validator" not in unchecked(diagnosis)


def test_rules_are_run_over_each_document_of_a_letter_and_over_a_cda_alone(folder: Path) -> None:
    assert len(of_rules(diagnosed(folder, letter(CdaLevel.N1)))) == 3
    practice = dataclasses.replace(PRACTICE, schematron=Rules(folder))
    alone = diagnose_file(b'<ClinicalDocument xmlns="urn:hl7-org:v3"><languageCode code="french"/></ClinicalDocument>', "A.XML", practice)
    told = [text for _, _, text in of_rules(alone)]
    assert told == [f"profils/{_NAME}: The language is written as fr-FR.", f"profils/{_NAME}: A set of somebody."]


def test_one_file_is_enough(folder: Path) -> None:
    assert of_rules(diagnosed(folder / "profils" / _NAME))[1][2] == f"{_NAME}: A set of somebody."


def test_files_are_chosen_by_name_wherever_they_lie(folder: Path) -> None:
    profils = folder / "profils"
    assert Rules(folder, (_NAME,)).files() == [profils / _NAME]
    assert Rules(folder, ("l*.sch", "CI*", "*.xml")).files() == [profils / _NAME, profils / "abstract" / "listed.sch"]


def test_without_rules_nothing_of_the_engine_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schematron.Engine, "run", lambda *_: pytest.fail("a process was started"))
    assert "No validator" in unchecked(found(letter()))


def test_rules_that_judged_no_document_leave_it_told_that_no_validator_was_run(folder: Path) -> None:
    practice = dataclasses.replace(PRACTICE, schematron=Rules(folder))
    assert "No validator" in unchecked(diagnose_file(b"%PDF-1.4\n", "A.PDF", practice))
    assert "No validator" in unchecked(diagnosed(folder, None, "absent.sch"))
    (folder / "own.sch").write_text("<schema")
    assert "No validator" in unchecked(diagnosed(folder, None, "own.sch"))


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("7691351bb5bf52e40dc1b05e86c8609583d01787", "commit 7691351bb5bf"),
        ("main", "commit aaaaaaaaaaaa"),
        ("packed", "commit bbbbbbbbbbbb"),
        ("none", "sha256 "),
    ],
    ids=["detached", "a branch", "a packed branch", "nothing committed"],
)
def test_the_version_of_rules_is_their_commit_or_what_was_read(folder: Path, head: str, expected: str) -> None:
    git = folder / ".git"
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "HEAD").write_text(head if len(head) == 40 else "ref:" + f" refs/heads/{head}\n")
    (git / "refs" / "heads" / "main").write_text("a" * 40 + "\n")
    (git / "packed-refs").write_text("# pack-refs\n" + "b" * 40 + " refs/heads/packed\n" + "c" * 40 + " refs/heads/not-packed\n")
    version = Schema(folder / "profils" / _NAME).version
    assert version.startswith(expected)
    assert re.search("sha256 [0-9a-f]{12}$", version)  # what was read may be something else than what was committed


@pytest.mark.parametrize("shared", ["", "../shared"], ids=["a submodule", "a further working tree"])
def test_the_commit_is_that_of_the_working_tree_whose_git_lies_elsewhere(folder: Path, shared: str) -> None:
    for git, commit in ((folder / ".git", "a" * 40), (folder / "git" / "own", "ref:" + " refs/heads/main")):
        git.mkdir(parents=True)
        (git / "HEAD").write_text(commit)
    (folder / "profils" / ".git").write_text("gitdir: ../git/own\n")
    if shared:
        (folder / "git" / "own" / "commondir").write_text(f"{shared}\n")
    main = folder / "git" / "own" / shared / "refs" / "heads" / "main"
    main.parent.mkdir(parents=True)
    main.write_text("b" * 40)
    assert Schema(folder / "profils" / _NAME).version.startswith("commit bbbbbbbbbbbb")


def test_a_change_of_any_file_is_another_version(folder: Path) -> None:
    before = Schema(folder / "profils" / _NAME).version
    header = folder / "profils" / "en-tête" / "header.sch"
    header.write_text(header.read_text(encoding="utf-8").replace("One author.", "An author."), encoding="utf-8")
    assert Schema(folder / "profils" / _NAME).version != before


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<schema", "Couldn't find end of Start Tag"),
        ("<html/>", "is no Schematron of ISO 19757-3"),
        (f'{_HEAD}<include href="{_NAME}"/></schema>', "includes itself"),
        (f'{_HEAD}<include href="gone.sch"/></schema>', "gone.sch"),
        (f'{_HEAD}<include href="abstract/listed.sch#other"/></schema>', "abstract/listed.sch#other, which is not there"),
        ('<include xmlns="http://purl.oclc.org/dsdl/schematron" href="abstract/listed.sch"/>', "is nothing but an include"),
        (f'{_HEAD}<pattern><rule context="cda:a["><assert test="1">x</assert></rule></pattern></schema>', "cda:a["),
        (f'{_HEAD}<pattern is-a="nobody"/></schema>', "there is no abstract pattern nobody"),
        (_RULES.replace('id="minimal"', 'id="whole"'), "there is no phase minimal"),
        (_RULES.replace('pattern="practice"', 'pattern="nobody"'), "there is no pattern nobody"),
        (f'{_HEAD}<pattern><rule context="/"><extends rule="nobody"/></rule></pattern></schema>', "there is no abstract rule nobody"),
        (f'{_HEAD}<pattern><rule context="/"><extends href="a.sch"/></rule></pattern></schema>', "extends is read with the name of a rule"),
        (f'{_HEAD}<include href="a%00b.sch"/></schema>', "embedded null byte"),
        (f'{_HEAD}<include href="abstract"/></schema>', "abstract is no file"),
        (f'{_HEAD}<include/></schema>', "profils is no file"),
    ],
    ids=["not XML", "not Schematron", "a loop", "a file gone", "a part gone", "an include", "no XPath", "no such pattern", "no such phase",
         "a phase of nothing", "extends nothing", "extends a file", "no name of a file", "a folder", "no name"],
)  # fmt: skip
def test_rules_that_cannot_be_run_are_told_and_others_are_run(folder: Path, text: str, expected: str) -> None:
    (folder / "profils" / _NAME).write_text(text, encoding="utf-8")
    own = '<pattern><rule context="/"><assert test="false()">Never.</assert></rule></pattern></schema>'
    (folder / "own.sch").write_text(_HEAD + own, encoding="utf-8")
    diagnosis = diagnosed(folder, None, _NAME, "own.sch")
    assert [text for _, _, text in of_rules(diagnosis)] == ["own.sch: Never."]
    assert f"The Schematron profils/{_NAME} was not run: " in unchecked(diagnosis)
    assert expected in unchecked(diagnosis)


def test_a_pipe_is_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe.sch")
    diagnosis = diagnosed(folder, None, _NAME, "pipe.sch")
    assert len(of_rules(diagnosis)) == 3
    assert "pipe.sch is no file" in unchecked(diagnosis)


def test_a_list_of_values_that_is_not_there_is_told(folder: Path) -> None:
    (folder / "profils" / "lists" / "practices.xml").unlink()
    assert "practices.xml" in unchecked(diagnosed(folder))


def test_a_document_over_which_rules_fail_leaves_the_others_judged(folder: Path) -> None:
    rule = """<pattern><rule context="cda:ClinicalDocument">
      <assert test="if (cda:component/cda:nonXMLBody) then error() else false()">Never.</assert></rule></pattern></schema>"""
    (folder / "own.sch").write_text(_HEAD + rule, encoding="utf-8")
    parcel = make_parcel([paper(level=CdaLevel.N1), paper()])
    diagnosis = diagnosed(folder, posted(parcel), "own.sch")
    assert [text for _, _, text in of_rules(diagnosis)] == ["own.sch: Never."]
    place = re.escape("IHE_XDM.ZIP/IHE_XDM/SUBSET01/DOC00001.XML")
    assert re.search(f"The Schematron own.sch was not run over {place}: .*FOER0000", unchecked(diagnosis))
    assert re.search(r"The Schematron own.sch \(.*\) was run, and its rules met 1 places", unchecked(diagnosis))


def test_what_rules_quote_of_a_document_may_be_long(folder: Path) -> None:
    rule = """<pattern><rule context="cda:ClinicalDocument">
      <assert test="false()">It is <value-of select="string-join(for $one in 1 to 1500000 return 'abcdefgh', '')"/>.</assert>
    </rule></pattern></schema>"""
    (folder / "own.sch").write_text(_HEAD + rule, encoding="utf-8")
    ((_, _, text),) = of_rules(diagnosed(folder, None, "own.sch"))
    assert text.startswith("own.sch: It is abcdefghabcdefgh")


def test_the_place_of_an_attribute_begins_with_that_of_its_element(folder: Path) -> None:
    rule = '<pattern><rule context="cda:languageCode/@code"><assert test="false()">Never.</assert></rule></pattern></schema>'
    (folder / "own.sch").write_text(_HEAD + rule, encoding="utf-8")
    assert [where for _, where, _ in of_rules(diagnosed(folder, None, "own.sch"))] == ["/ClinicalDocument/languageCode/@code"]


def test_names_that_are_no_utf_8_are_shown_and_can_be_kept(folder: Path) -> None:
    rule = '<pattern><rule context="/"><assert test="false()">Never.</assert></rule></pattern></schema>'
    place = Path(os.fsdecode(os.fsencode(folder) + b"/d\xe9"))
    place.mkdir()
    (place / os.fsdecode(b"caf\xe9.sch")).write_text(_HEAD + rule, encoding="utf-8")
    for chosen, name in (("*.sch", "caf\ufffd.sch: Never."), ("absent.sch", "")):
        diagnosis = diagnosed(place, None, chosen)
        assert [text for _, _, text in of_rules(diagnosis)] == ([name] if name else [])
        assert read_record(write_record(diagnosis)) == diagnosis


def test_a_folder_that_is_called_like_a_file_of_rules_is_none(folder: Path) -> None:
    (folder / "more.sch").mkdir()
    assert Rules(folder, ("*.sch",)).files() == sorted(one for one in folder.rglob("*.sch") if one.name != "more.sch")


def test_a_part_of_a_file_is_included(folder: Path) -> None:
    both = _LISTED.replace("<pattern", '<schema xmlns="http://purl.oclc.org/dsdl/schematron"><pattern', 1) + _HEADER + "</schema>"
    (folder / "profils" / "abstract" / "both.sch").write_text(both, encoding="utf-8")
    chosen = _RULES.replace("abstract/listed.sch", "abstract/both.sch#listed")
    (folder / "profils" / _NAME).write_text(chosen, encoding="utf-8")
    assert len(of_rules(diagnosed(folder))) == 3


def test_a_folder_without_such_files_is_told(folder: Path) -> None:
    assert f"No Schematron was run: {folder} has no file called absent.sch." in unchecked(diagnosed(folder, None, "absent.sch"))


def test_an_engine_that_is_not_installed_is_told_with_what_to_do(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schematron, "find_spec", lambda name: None if name == "saxonche" else importlib.util.find_spec(name))
    diagnosis = diagnosed(folder)
    assert "Install mss-sim[schematron]." in unchecked(diagnosis)
    assert codes(diagnosis) == ["ins.test-root"]


def test_rules_that_take_too_long_are_ended_and_told(folder: Path) -> None:
    diagnosis = diagnosed(folder, seconds=0.01)
    assert "No Schematron was run to its end: it failed, or took over 0.01 seconds." in unchecked(diagnosis)
    assert codes(diagnosis) == ["ins.test-root"]


def test_the_engine_has_the_time_that_is_set_and_no_more_memory_than_is_said() -> None:
    code = "from mss_sim.documents.schematron_engine import limit; limit(599.5); import resource as r; "
    code += "print(r.getrlimit(r.RLIMIT_CPU), r.getrlimit(r.RLIMIT_AS))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == f"(600, 601) {(2 * 1024**3, 2 * 1024**3)}\n"


def test_nothing_is_imported_from_the_folder_in_which_somebody_stands(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hashlib.py").write_text("raise SystemExit('a file of a stranger')")
    monkeypatch.chdir(tmp_path)
    assert len(of_rules(diagnosed(folder))) == 3


def test_an_engine_that_was_ended_does_not_begin(folder: Path) -> None:
    rules = Rules(folder)
    rules.engine.end()
    diagnosis = found(letter(), dataclasses.replace(PRACTICE, schematron=rules))
    assert "No Schematron was run to its end" in unchecked(diagnosis)
    assert not of_rules(diagnosis)


@pytest.mark.parametrize("does", ["echo 'no JSON'", "kill -SEGV $$"], ids=["writes something else", "ends by a signal"])
def test_an_engine_that_does_not_answer_is_told(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, does: str) -> None:
    engine = tmp_path / "engine"
    engine.write_text(f"#!/bin/sh\ncat > /dev/null\n{does}\n")
    engine.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(engine))
    assert "No Schematron was run to its end" in unchecked(diagnosed(folder))


def test_findings_of_rules_stop_at_their_number(folder: Path) -> None:
    rule = '<pattern><rule context="cda:*"><assert test="false()">Never.</assert></rule></pattern></schema>'
    (folder / "profils" / _NAME).write_text(_HEAD + rule, encoding="utf-8")
    practice = dataclasses.replace(PRACTICE, schematron=Rules(folder, (_NAME,)), findings_max=4)
    diagnosis = found(letter(), practice)
    assert len(diagnosis.findings) == 4
    assert "There are more findings than are told" in unchecked(diagnosis)


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("/*[local-name()='ClinicalDocument' and namespace-uri()='urn:hl7-org:v3']", "/ClinicalDocument"),
        ("/*[local-name()='a']/*[local-name()='b' and namespace-uri()='u'][2]/@*[local-name()='c' and namespace-uri()='']", "/a/b[2]/@c"),
        ("/a/@b", "/a/@b"),
    ],
)
def test_places_are_told_without_namespaces(location: str, expected: str) -> None:
    assert place(location) == expected


def test_an_included_file_may_not_bring_a_document_type_that_reads_others(folder: Path) -> None:
    secret = folder / "secret"
    secret.write_text("secret words")
    declared = f'<!DOCTYPE pattern [<!ENTITY e SYSTEM "{secret.as_uri()}">]>' + _HEADER.replace("One author.", "One &e;author.")
    (folder / "profils" / "en-tête" / "header.sch").write_text(declared, encoding="utf-8")
    assert "secret words" not in str(of_rules(diagnosed(folder)))


def test_the_engine_says_what_is_wrong_by_itself(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match=r"absent\.sch"):
        Schema(tmp_path / "absent.sch")
    assert schematron_engine.run([], [], 1) == {"rules": [], "findings": [], "failures": []}
