"""Schematron rules run over CDA documents, in a process of its own: the engine is native code, and the documents are of strangers.

`python -m mss_sim.documents.schematron_engine` reads one JSON object from its standard input and writes one to its output:

    {"files": ["/rules/a.sch"], "documents": ["<ClinicalDocument …>"], "findings_max": 500, "seconds": 30}
    {"rules": [{"file": "/rules/a.sch", "version": "commit 7691351bb5bf, sha256 2f07a37e2d32", "met": 44}],
     "findings": [{"document": 0, "file": "/rules/a.sch", "place": "/ClinicalDocument/author[2]", "role": "", "text": "…"}],
     "failures": [{"file": "/rules/a.sch", "document": null, "text": "…"}]}

A failure without a document is one of the rules. Both objects are ASCII, in which names of files that are no UTF-8 can be written. Where
the system can limit it (`resource`), the process has two gibibytes of memory and its `seconds` of processor.

A schema becomes a stylesheet by the steps of ISO Schematron that come with lxml; those are of XSLT 1, and what they write is run as
XSLT 2 (Saxon, `mss-sim[schematron]`), in which the rules of the ANS are written. Rules read the lists of values that lie beside them:
giving the folder is to trust it. `met` counts how often an element was judged: rules that meet nothing find nothing.
"""

import hashlib
import json
import math
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from lxml.etree import _Element, _ElementTree

_SCHEMATRON, _SVRL = "{http://purl.oclc.org/dsdl/schematron}", "{http://purl.oclc.org/dsdl/svrl}"
_XSL, _PLACE_MODE = "{http://www.w3.org/1999/XSL/Transform}", "schematron-get-full-path"
_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_INCLUDES_MAX = 5_000
_DEPTH_MAX = 50
_TEXT_MAX = 1_000
_COMMIT_CHARS = 12
_MEMORY_BYTES = 2**31
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
        read = f"sha256 {self._read.hexdigest()[:_COMMIT_CHARS]}"
        self.version = ", ".join(filter(None, (_commit(file), read)))  # files may have been changed since the commit

    def _parse(self, file: Path, within: tuple[Path, ...]) -> "_ElementTree[_Element]":
        """The file with what it includes; `within`: the files that include it, from the first one."""
        from lxml import etree  # noqa: PLC0415 - importing the name of the module loads nothing

        self._left -= 1
        if file in within:
            raise RulesError(f"{file.name} includes itself")
        if self._left < 0 or len(within) > _DEPTH_MAX:
            raise RulesError(f"over {_INCLUDES_MAX} files are included, or one in the other over {_DEPTH_MAX} times")
        try:
            if file.exists() and not file.is_file():  # a pipe would be waited for
                raise RulesError(f"{file} is no file")
            octets = file.read_bytes()
            parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
            tree = etree.ElementTree(etree.fromstring(octets, parser))
        except (OSError, ValueError, etree.XMLSyntaxError) as error:
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
        _place_attributes(stylesheet)
        stylesheet.set("version", "2.0")
        stylesheet.set(_BASE, self.file.resolve().as_uri())  # lists of values are named from where the rules lie
        text: str = etree.tostring(stylesheet, encoding="unicode")
        return text

    def _check_names(self, schema: "_Element") -> None:
        """The steps pass over names of nothing in silence, and the rules behind them would never be run."""
        patterns = list(schema.iter(f"{_SCHEMATRON}pattern"))
        phases = {one.get("id"): one for one in schema.iter(f"{_SCHEMATRON}phase")}
        abstract = [one for one in schema.iter(f"{_SCHEMATRON}rule") if one.get("abstract") == "true"]
        begun = schema.get("defaultPhase", "#ALL")
        if begun not in {*phases, "#ALL"}:
            raise RulesError(f"{self.file.name}: there is no phase {begun}")
        active = phases[begun].iter(f"{_SCHEMATRON}active") if begun in phases else ()
        extends = list(schema.iter(f"{_SCHEMATRON}extends"))
        if any(one.get("rule") is None for one in extends):
            raise RulesError(f"{self.file.name}: extends is read with the name of a rule, not with href")
        self._check_named("abstract pattern", (one.get("is-a") for one in patterns), (p for p in patterns if p.get("abstract") == "true"))
        self._check_named("pattern", (one.get("pattern") for one in active), patterns)
        self._check_named("abstract rule", (one.get("rule") for one in extends), abstract)

    def _check_named(self, what: str, wanted: Iterable[str | None], there: "Iterable[_Element]") -> None:
        missing = {name for name in wanted if name and "$" not in name} - {one.get("id") for one in there}
        if missing:
            raise RulesError(f"{self.file.name}: there is no {what} {', '.join(sorted(missing))}")


def _place_attributes(stylesheet: "_Element") -> None:
    """Have the place of an attribute begin with that of its element, which the steps leave out."""
    for template in stylesheet.findall(f"{_XSL}template[@match='@*'][@mode='{_PLACE_MODE}']"):
        parent = template.makeelement(f"{_XSL}apply-templates", {"select": "parent::*", "mode": _PLACE_MODE})
        template.insert(0, parent)


def _commit(file: Path) -> str | None:
    """The commit of the working tree of git in which the file lies; None when it lies in none."""
    try:
        git = next((found for folder in file.resolve().parents if (found := _git_of(folder))), None)
        head = _head(git) if git else ""
    except OSError:
        return None
    return f"commit {head[:_COMMIT_CHARS]}" if head else None


def _git_of(folder: Path) -> Path | None:
    """Where git keeps what it knows of a working tree that begins with this folder; of a submodule a file says it."""
    git = folder / ".git"
    if git.is_file():
        git = folder / git.read_text(errors="replace").removeprefix("gitdir:").strip()
    return git if (git / "HEAD").is_file() else None


def _head(git: Path) -> str:
    """The commit of a working tree; empty when nothing is committed."""
    head = (git / "HEAD").read_text(errors="replace").strip()
    if not head.startswith("ref: "):
        return head
    name, shared = head.removeprefix("ref: "), git / "commondir"
    common = git / shared.read_text(errors="replace").strip() if shared.is_file() else git
    if (common / name).is_file():
        return (common / name).read_text(errors="replace").strip()
    packed = common / "packed-refs"
    lines = packed.read_text(errors="replace").splitlines() if packed.is_file() else []
    return next((line.split()[0] for line in lines if line.endswith(f" {name}")), "")


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
    """What the rules of these files find in these documents; what cannot be run is told, and the rest is run."""
    from saxonche import PySaxonApiError, PySaxonProcessor  # noqa: PLC0415 - of the extra

    rules: list[dict[str, Any]] = []
    findings: list[dict[str, Any]] = []
    failures: list[dict[str, Any]] = []
    processor = PySaxonProcessor(license=False)
    for file in files:
        met, judged = 0, 0
        try:
            schema = Schema(Path(file))
            applied = processor.new_xslt30_processor().compile_stylesheet(stylesheet_text=schema.stylesheet)
        except (RulesError, PySaxonApiError) as error:
            failures.append(_failure(file, None, error))
            continue
        for number, text in enumerate(documents):
            try:
                report = _report(applied.transform_to_string(xdm_node=processor.parse_xml(xml_text=text)))
            except PySaxonApiError as error:
                failures.append(_failure(file, number, error))
                continue
            judged += 1
            met += sum(1 for _ in report.iter(f"{_SVRL}fired-rule"))
            findings += _findings(report, number, file)[: max(0, findings_max + 1 - len(findings))]
        if judged:
            rules.append({"file": file, "version": schema.version, "met": met})
    return {"rules": rules, "findings": findings, "failures": failures}


def _failure(file: str, document: int | None, error: Exception) -> dict[str, Any]:
    return {"file": file, "document": document, "text": " ".join(str(error).split())[:_TEXT_MAX]}


def _report(written: str) -> "_Element":
    from lxml import etree  # noqa: PLC0415 - as above

    return etree.fromstring(written.encode(), etree.XMLParser(huge_tree=True))  # rules may quote a whole PDF


def limit(seconds: float) -> None:
    """Have this process end when it takes too much memory, or more seconds of processor."""
    try:
        import resource  # noqa: PLC0415 - Windows has none
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(seconds), math.ceil(seconds) + 1))


def main() -> int:
    """Run the rules that standard input names."""
    asked = json.loads(sys.stdin.buffer.read())
    limit(asked["seconds"])
    sys.stdout.buffer.write(json.dumps(run(asked["files"], asked["documents"], asked["findings_max"])).encode("ascii"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
