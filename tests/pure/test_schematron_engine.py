"""The engine of Schematron rules by itself, in the process of the tests: all that it answers, and each reason that it gives."""

from hashlib import sha256
from pathlib import Path

import pytest

from mss_sim.documents import schematron_engine
from mss_sim.documents.schematron_engine import RulesError, Schema, run

_ISO = "http://purl.oclc.org/dsdl/schematron"
_HEAD = f'<schema xmlns="{_ISO}" xmlns:cda="urn:hl7-org:v3" queryBinding="xslt2"><ns prefix="cda" uri="urn:hl7-org:v3"/>'
_PHASE = _HEAD.replace(" query", ' defaultPhase="one" query').replace("<ns", '<phase id="one"><active pattern="p"/></phase><ns')
_NEVER = '<pattern><rule context="/*"><assert test="false()">Never.</assert></rule></pattern></schema>'
_RULES = f"""{_HEAD}
<include href="listed.sch#listed"/>
<pattern id="authors" is-a="listed"><param name="at" value="cda:author"/></pattern>
<pattern>
  <rule context="cda:ClinicalDocument">
    <assert test="cda:title" role="WARNING">A title
      is  <emph>expected</emph>.</assert>
    <report test="true()" flag="info">Judged.</report>
    <assert test="cda:id" role="error" flag="info">An id.</assert>
  </rule>
  <rule context="cda:author/@nullFlavor"><assert test="false()">Nobody.</assert></rule>
</pattern></schema>"""
_LISTED = f"""<schema xmlns="{_ISO}"><pattern id="other"/><pattern id="listed" abstract="true">
<rule context="$at"><assert test="@code = document('list.xml')/*/@code">It is not <value-of select="@code"/>.</assert></rule>
</pattern></schema>"""
_AUTHORS = '<ClinicalDocument xmlns="urn:hl7-org:v3"><author code="x"/><author code="y" nullFlavor="NI"/></ClinicalDocument>'
_TITLED = '<ClinicalDocument xmlns="urn:hl7-org:v3"><id/><title/><author code="x"/></ClinicalDocument>'


def _written(folder: Path, text: str, name: str = "a.sch") -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return str(folder / name)


def _digest(*texts: str) -> str:
    return f"sha256 {sha256(''.join(texts).encode()).hexdigest()[:12]}"


def test_all_that_is_found_is_told_by_document_file_place_role_and_text(tmp_path: Path) -> None:
    rules, never = _written(tmp_path, _RULES), _written(tmp_path, _HEAD.replace(' queryBinding="xslt2"', "") + _NEVER, "b.sch")
    _written(tmp_path, _LISTED, "listed.sch")
    _written(tmp_path, '<list code="x"/>', "list.xml")
    gone = str(tmp_path / "gone.sch")

    def one(document: int, file: str, place: str, role: str, text: str) -> dict[str, object]:
        return {"document": document, "file": file, "place": place, "role": role, "text": text}

    told = run([rules, gone, never], [_AUTHORS, "<broken", _TITLED], 100)
    broken = [failure.pop("text") for failure in told["failures"] if failure["document"] == 1]
    assert told == {
        "rules": [
            {"file": rules, "version": _digest(_RULES, _LISTED), "met": 6},
            {"file": never, "version": _digest(_HEAD.replace(' queryBinding="xslt2"', ""), _NEVER), "met": 2},
        ],
        "findings": [
            one(0, rules, "/ClinicalDocument/author[2]", "", "It is not y."),
            one(0, rules, "/ClinicalDocument", "warning", "A title is expected."),
            one(0, rules, "/ClinicalDocument", "info", "Judged."),
            one(0, rules, "/ClinicalDocument", "error", "An id."),
            one(0, rules, "/ClinicalDocument/author[2]/@nullFlavor", "", "Nobody."),
            one(2, rules, "/ClinicalDocument", "info", "Judged."),
            one(0, never, "/ClinicalDocument", "", "Never."),
            one(2, never, "/ClinicalDocument", "", "Never."),
        ],
        "failures": [
            {"file": rules, "document": 1},
            {"file": gone, "document": None, "text": f"{gone}: [Errno 2] No such file or directory: '{gone}'"},
            {"file": never, "document": 1},
        ],
    }
    assert len(broken) == 2
    assert all("SXXP0003" in text for text in broken)


@pytest.mark.parametrize("most", [0, 1, 2, 3])
def test_one_finding_more_is_told_than_is_asked_for_so_that_whoever_asks_sees_that_there_are_more(tmp_path: Path, most: int) -> None:
    files = [_written(tmp_path, _HEAD + _NEVER, name) for name in ("a.sch", "b.sch")]
    told = run(files, ["<a/>", "<b/>"], most)
    assert [(Path(one["file"]).name, one["document"]) for one in told["findings"]] == [
        ("a.sch", 0),
        ("a.sch", 1),
        ("b.sch", 0),
        ("b.sch", 1),
    ][: most + 1]


def test_rules_that_judged_no_document_are_not_told_as_run(tmp_path: Path) -> None:
    never = _written(tmp_path, _HEAD + _NEVER)
    assert [run([never], documents, 5)["rules"] for documents in ([], ["<broken"])] == [[], []]


def test_words_of_a_rule_and_of_a_failure_have_a_thousand_characters_at_most(tmp_path: Path) -> None:
    said, cried = (_HEAD + _NEVER.replace("Never.", word * 2_000) for word in ("x", "y"))
    cried = cried.replace("false()", "error(QName('', 'e'), string-join(for $one in 1 to 2000 return 'y', ''))")
    told = run([_written(tmp_path, said), _written(tmp_path, cried, "b.sch")], ["<a/>"], 5)
    assert told["findings"][0]["text"] == "x" * 1_000
    assert len(told["failures"][0]["text"]) == 1_000


_REASONS = {
    "no element": ("<schema", "{file}: Couldn't find end of Start Tag schema line 1, line 1, column 8 (<string>, line 1)"),
    "another element": ("<html/>", "a.sch is no Schematron of ISO 19757-3"),
    "itself": (f'{_HEAD}<include href="a.sch"/></schema>', "a.sch includes itself"),
    "a part gone": (f'{_HEAD}<include href="b.sch#none"/></schema>', "a.sch includes b.sch#none, which is not there"),
    "nothing but an include": (f'<include xmlns="{_ISO}" href="b.sch"/>', "a.sch is nothing but an include"),
    "a folder": (f'{_HEAD}<include href="folder"/></schema>', "{folder}/folder is no file"),
    "patterns": (f'{_HEAD}<pattern is-a="q"/><pattern is-a="p"/><pattern id="p"/></schema>', "a.sch: there is no abstract pattern p, q"),
    "a phase": (_HEAD.replace(' query', ' defaultPhase="one" query') + "</schema>", "a.sch: there is no phase one"),
    "a pattern": (f'{_PHASE}<pattern id="q"/></schema>', "a.sch: there is no pattern p"),
    "a rule": (f'{_HEAD}<pattern><rule id="r" context="/"><extends rule="r"/></rule></pattern></schema>',
               "a.sch: there is no abstract rule r"),
    "a rule elsewhere": (f'{_HEAD}<pattern><rule context="/"><extends href="r"/></rule></pattern></schema>',
                         "a.sch: extends is read with the name of a rule, not with href"),
}  # fmt: skip


@pytest.mark.parametrize("reason", _REASONS)
def test_rules_that_cannot_be_read_say_why(tmp_path: Path, reason: str) -> None:
    text, expected = _REASONS[reason]
    (tmp_path / "folder").mkdir()
    _written(tmp_path, _LISTED, "b.sch")
    file = _written(tmp_path, text)
    with pytest.raises(RulesError) as said:
        Schema(Path(file))
    assert str(said.value) == expected.format(file=file, folder=tmp_path)


def test_a_phase_of_known_patterns_and_rules_with_the_names_of_parameters_are_read(tmp_path: Path) -> None:
    abstract = '<pattern id="abstract" abstract="true"><rule context="$at"><extends rule="$kind"/></rule></pattern>'
    listed = '<pattern id="p"><rule abstract="true" id="r"><assert test="false()">Never.</assert></rule>'
    rules = f'{_PHASE}{abstract}{listed}<rule context="/*"><extends rule="r"/></rule></pattern></schema>'
    (told,) = run([_written(tmp_path, rules)], ["<a/>"], 5)["findings"]
    assert told["text"] == "Never."


def _chain(folder: Path, length: int) -> Path:
    """A file of rules that includes another, which includes another, and so on."""
    for number in range(length):
        inner = f'<include href="{number + 1}.sch"/>' if number + 1 < length else ""
        _written(folder, f'<pattern xmlns="{_ISO}">{inner}</pattern>' if number else f"{_HEAD}{inner}</schema>", f"{number}.sch")
    return folder / "0.sch"


def test_files_are_included_in_one_another_fifty_times_at_most(tmp_path: Path) -> None:
    assert Schema(_chain(tmp_path, 51)).stylesheet
    with pytest.raises(RulesError, match=r"^over 5000 files are included, or one in the other over 50 times$"):
        Schema(_chain(tmp_path, 52))


def test_so_many_files_are_read_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schematron_engine, "_INCLUDES_MAX", 3)
    _written(tmp_path, f'<pattern xmlns="{_ISO}"/>', "b.sch")
    includes = '<include href="b.sch"/>'
    assert Schema(Path(_written(tmp_path, f"{_HEAD}{includes * 2}</schema>"))).stylesheet
    with pytest.raises(RulesError, match=r"^over 3 files"):
        Schema(Path(_written(tmp_path, f"{_HEAD}{includes * 3}</schema>")))


@pytest.mark.parametrize("file", [".git", "HEAD", "commondir", "refs/heads/main", "packed-refs"])
def test_whatever_octets_git_keeps_the_rules_are_read(tmp_path: Path, file: str) -> None:
    git = tmp_path / "kept"
    (git / "refs/heads").mkdir(parents=True)
    (tmp_path / ".git").write_bytes(b"\xff" if file == ".git" else b"gitdir: kept\n")
    (git / "HEAD").write_bytes(b"\xff" if file == "HEAD" else b"%s: refs/heads/main" % b"ref")
    for path in {file} - {".git", "HEAD"}:
        (git / path).write_bytes(b"\xff")
    seen = {"HEAD": "commit \ufffd, ", "refs/heads/main": "commit \ufffd, "}.get(file, "")
    assert Schema(Path(_written(tmp_path, _HEAD + _NEVER))).version == seen + _digest(_HEAD, _NEVER)
