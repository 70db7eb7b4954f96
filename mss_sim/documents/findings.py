"""What is found: a finding says what is wrong, where, what was seen and expected, and by which text."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from mss_sim.mail.headers import readable
from mss_sim.vocabulary.documents import DocumentKind, FindingLevel
from mss_sim.words.sentence import Sentence, quoted, say

_CHARS_MAX = 200
LEVELS = tuple(FindingLevel)
"""From the worst to the slightest."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Something that can be found: its stable code, how much it weighs, what to do, by which text, and the requirements that it touches."""

    code: str
    level: FindingLevel
    detail: Sentence
    source: str
    requirements: tuple[str, ...] = ()


def error(code: str, detail: Sentence, source: str, *requirements: str) -> Kind:
    """A kind that contradicts a text."""
    return Kind(code, FindingLevel.ERROR, detail, source, requirements)


def warning(code: str, detail: Sentence, source: str, *requirements: str) -> Kind:
    """A kind that somebody should look at."""
    return Kind(code, FindingLevel.WARNING, detail, source, requirements)


def info(code: str, detail: Sentence, source: str, *requirements: str) -> Kind:
    """A kind that is worth knowing."""
    return Kind(code, FindingLevel.INFO, detail, source, requirements)


def deviation(code: str, detail: Sentence, source: str = "ans-cda#xdm") -> Kind:
    """A kind that the national stylesheet brings about itself, and that is held against nobody."""
    return Kind(code, FindingLevel.KNOWN_DEVIATION, detail, source)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. `document` is the file that it is about, `where` the place in it: a field, a path, an element; both may be empty."""

    kind: Kind
    level: FindingLevel
    document: str
    where: str
    seen: str | None
    expected: Sentence | None


@dataclass(frozen=True, slots=True)
class Summary:
    """A document that was looked at: its name, what it is, and what was read of it, by name."""

    document: str
    kind: DocumentKind
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All that was found, the worst first; the documents that were read; and what was not checked."""

    findings: tuple[Finding, ...]
    documents: tuple[Summary, ...]
    not_checked: tuple[Sentence, ...]

    @property
    def worst(self) -> FindingLevel | None:
        """The level of the worst finding; None when there is none."""
        return self.findings[0].level if self.findings else None

    def count(self, level: FindingLevel) -> int:
        """How many findings have that level."""
        return sum(finding.level is level for finding in self.findings)


class Notes:
    """Findings as they are made, up to a number of them: what a hostile document repeats a million times is told no oftener."""

    def __init__(self, findings_max: int) -> None:
        self._findings: list[Finding] = []
        self._left = findings_max
        self._documents: list[Summary] = []
        self._not_checked: dict[Sentence, None] = {}
        self.cdas: list[tuple[str, str]] = []
        """CDA documents that rules of others are still to be run over: name and text (`schematron`)."""

    def add(
        self,
        kind: Kind,
        document: str,
        where: str = "",
        *,
        seen: object = None,
        expected: object = None,
        level: FindingLevel | None = None,
    ) -> None:
        """Write down a finding; `level` where a setting decides otherwise than the kind."""
        self._left -= 1
        if self._left < 0:
            self.unchecked(say("There are more findings than are told; mend these first."))
            return
        self._findings.append(
            Finding(
                kind, level or kind.level, _short(document), _short(where), None if seen is None else _short(str(seen)), _told(expected)
            )
        )

    def read(self, document: str, kind: DocumentKind, **facts: str | None) -> None:
        """Write down what a document is, and what was read of it."""
        known = {name: _short(value) for name, value in facts.items() if value}
        self._documents.append(Summary(_short(document), kind, known))

    def unchecked(self, sentence: Sentence) -> None:
        """Write down what was not checked, once."""
        self._not_checked[sentence] = None

    def has(self, kinds: Sequence[Kind], document: str) -> bool:
        """Whether one of these kinds was found in that document."""
        name = _short(document)
        return any(finding.kind in kinds and finding.document == name for finding in self._findings)

    def diagnosis(self) -> Diagnosis:
        """All of it, the worst first, and within a level as it was found."""
        ordered = sorted(self._findings, key=lambda finding: LEVELS.index(finding.level))
        return Diagnosis(tuple(ordered), tuple(self._documents), tuple(self._not_checked))


def _short(text: str) -> str:
    """What strangers wrote, on one line and not too long."""
    line = readable(text[: 4 * _CHARS_MAX])
    return line if len(line) <= _CHARS_MAX else f"{line[:_CHARS_MAX]}…"


def _told(expected: object) -> Sentence | None:
    if expected is None or isinstance(expected, Sentence):
        return expected
    return quoted(_short(str(expected)))
