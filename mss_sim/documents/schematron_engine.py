"""Schematron rules run over CDA documents, in a process of its own: the engine is native code, and the documents are of strangers.

`python -m mss_sim.documents.schematron_engine` reads one JSON object from its standard input and writes one to its output:

    {"files": ["/rules/a.sch"], "documents": ["<ClinicalDocument …>"], "findings_max": 500}
    {"rules": [{"file": "/rules/a.sch", "version": "commit 7691351bb5bf", "met": 44}],
     "findings": [{"document": 0, "file": "/rules/a.sch", "place": "/ClinicalDocument/author[2]", "role": "", "text": "…"}],
     "failures": [{"file": "/rules/a.sch", "text": "…"}]}

A schema becomes a stylesheet by the steps of ISO Schematron that come with lxml; those are of XSLT 1, and what they write is run as
XSLT 2 (Saxon, `mss-sim[schematron]`), in which the rules of the ANS are written. Rules read the lists of values that lie beside them:
whoever gives the folder trusts it. `met` counts how often an element was judged: rules that meet nothing find nothing.
"""

import hashlib
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import orjson

if TYPE_CHECKING:
    from lxml.etree import _Element, _ElementTree

_SCHEMATRON, _SVRL = "{http://purl.oclc.org/dsdl/schematron}", "{http://purl.oclc.org/dsdl/svrl}"
_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_INCLUDES_MAX = 5_000
_DEPTH_MAX = 50
_TEXT_MAX = 1_000
_COMMIT_CHARS = 12
_SECONDS = 120
_STEP = re.compile(r"\*\[local-name\(\)='([^']{1,200})'(?: and namespace-uri\(\)='[^']{0,500}')?\]")
_ATTRIBUTE = re.compile(r"@\*\[local-name\(\)='([^']{1,200})'(?: and namespace-uri\(\)='[^']{0,500}')?\]")


class RulesError(Exception):
    """The rules cannot be read or run; the text says why."""


class Schema:
    """One file of rules with all that it includes, as a stylesheet of XSLT 2."""

    def __init__(self, file: Path) -> None:
        """RulesError where a file cannot be read, or is no Schematron."""
        self.file = file
        self._read = hashlib.sha256()
        self._left = _INCLUDES_MAX
        self.stylesheet = self._transpile(self._parse(file, ()))
        self.version = _commit(file) or f"sha256 {self._read.hexdigest()[:_COMMIT_CHARS]}"

    def _parse(self, file: Path, within: tuple[Path, ...]) -> "_ElementTree[_Element]":
        """The file with what it includes; `within`: the files that include it, from the first one."""
        from lxml import etree  # noqa: PLC0415 - whoever imports the name of the module loads nothing

        self._left -= 1
        if file in within:
            raise RulesError(f"{file.name} includes itself")
        if self._left < 0 or len(within) > _DEPTH_MAX:
            raise RulesError(f"over {_INCLUDES_MAX} files are included, or one in the other over {_DEPTH_MAX} times")
        try:
            octets = file.read_bytes()
            parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
            tree = etree.ElementTree(etree.fromstring(octets, parser))
        except (OSError, etree.XMLSyntaxError) as error:
            raise RulesError(f"{file}: {error}") from error
        self._read.update(octets)
        for include in list(tree.iter(f"{_SCHEMATRON}include")):
            self._include(include, (*within, file))
        return tree

    def _include(self, include: "_Element", within: tuple[Path, ...]) -> None:
        file = within[-1]
        path, _, fragment = (include.get("href") or "").partition("#")
        found = self._parse(Path(os.path.normpath(file.parent / unquote(path))), within).getroot()
        if fragment:
            named = found.xpath("//*[@id = $id]", id=fragment)
            if not named:
                raise RulesError(f"{file.name} includes {path}#{fragment}, which is not there")
            found = named[0]
        parent = include.getparent()
        if parent is None:
            raise RulesError(f"{file.name} is nothing but an include")
        found.tail = include.tail
        parent.replace(include, found)

    def _transpile(self, schema: "_ElementTree[_Element]") -> str:
        from lxml import etree, isoschematron  # noqa: PLC0415 - as above

        root = schema.getroot()
        if root.tag != f"{_SCHEMATRON}schema":
            raise RulesError(f"{self.file.name} is no Schematron of ISO 19757-3")
        self._check_names(root)
        root.attrib.pop("queryBinding", None)  # the steps know the first XSLT alone, and refuse others by this name
        try:
            written = isoschematron.iso_svrl_for_xslt1(isoschematron.iso_abstract_expand(schema))
        except etree.XSLTApplyError as error:
            raise RulesError(f"{self.file.name}: {error}") from error
        stylesheet = written.getroot()
        stylesheet.set("version", "2.0")
        stylesheet.set(_BASE, self.file.resolve().as_uri())  # lists of values are named from where the rules lie
        text: str = etree.tostring(stylesheet, encoding="unicode")
        return text

    def _check_names(self, schema: "_Element") -> None:
        """The steps pass over names of nothing in silence, and the rules behind them would never be run."""
        abstract = {one.get("id") for one in schema.iter(f"{_SCHEMATRON}pattern") if one.get("abstract") == "true"}
        phases = {one.get("id") for one in schema.iter(f"{_SCHEMATRON}phase")}
        wanted = {one.get("is-a") for one in schema.iter(f"{_SCHEMATRON}pattern")} - {None}
        missing = sorted(str(name) for name in wanted - abstract)
        if missing:
            raise RulesError(f"{self.file.name}: there is no abstract pattern {', '.join(missing)}")
        if schema.get("defaultPhase", "#ALL") not in phases | {"#ALL"}:
            raise RulesError(f"{self.file.name}: there is no phase {schema.get('defaultPhase')}")


def _commit(file: Path) -> str | None:
    """The commit of the working tree of git in which the file lies; None when it lies in none."""
    git = next((folder / ".git" for folder in file.resolve().parents if (folder / ".git" / "HEAD").is_file()), None)
    if git is None:
        return None
    head = (git / "HEAD").read_text(errors="replace").strip()
    if head.startswith("ref: "):
        name, packed = head.removeprefix("ref: "), git / "packed-refs"
        if (git / name).is_file():
            head = (git / name).read_text(errors="replace").strip()
        else:
            lines = packed.read_text(errors="replace").splitlines() if packed.is_file() else []
            head = next((line.split()[0] for line in lines if line.endswith(f" {name}")), "")
    return f"commit {head[:_COMMIT_CHARS]}" if head else None


def place(location: str) -> str:
    """A path of the report as people write it, without namespaces: /ClinicalDocument/author[2]/@classCode."""
    return _STEP.sub(r"\1", _ATTRIBUTE.sub(r"@\1", location))


def _findings(report: "_Element", document: int, file: str) -> list[dict[str, Any]]:
    """What a report in SVRL says that does not hold, or was looked for and is there."""
    return [
        {
            "document": document,
            "file": file,
            "place": place(one.get("location") or ""),
            "role": (one.get("role") or one.get("flag") or "").lower(),
            "text": " ".join("".join(one.itertext()).split())[:_TEXT_MAX],
        }
        for one in report.iter(f"{_SVRL}failed-assert", f"{_SVRL}successful-report")
    ]


def run(files: list[str], documents: list[str], findings_max: int) -> dict[str, Any]:
    """What the rules of these files find in these documents; a file that cannot be run is told, and the others are run."""
    from lxml import etree  # noqa: PLC0415 - as above
    from saxonche import PySaxonApiError, PySaxonProcessor  # noqa: PLC0415 - of the extra

    rules: list[dict[str, Any]] = []
    findings: list[dict[str, Any]] = []
    failures: list[dict[str, str]] = []
    processor = PySaxonProcessor(license=False)
    for file in files:
        try:
            schema = Schema(Path(file))
            applied = processor.new_xslt30_processor().compile_stylesheet(stylesheet_text=schema.stylesheet)
            met = 0
            for number, text in enumerate(documents):
                report = etree.fromstring(applied.transform_to_string(xdm_node=processor.parse_xml(xml_text=text)).encode())
                met += sum(1 for _ in report.iter(f"{_SVRL}fired-rule"))
                findings += _findings(report, number, file)[: max(0, findings_max + 1 - len(findings))]
        except (RulesError, PySaxonApiError) as error:
            failures.append({"file": file, "text": " ".join(str(error).split())[:_TEXT_MAX]})
        else:
            rules.append({"file": file, "version": schema.version, "met": met})
    return {"rules": rules, "findings": findings, "failures": failures}


def _limit() -> None:
    try:
        import resource  # noqa: PLC0415 - Windows has none
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))


def main() -> int:
    """Run the rules that standard input names."""
    _limit()
    asked = orjson.loads(sys.stdin.buffer.read())
    sys.stdout.buffer.write(orjson.dumps(run(asked["files"], asked["documents"], asked["findings_max"])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
