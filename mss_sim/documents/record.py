"""A diagnosis written down, and read again: the same findings, in the same words, in any language.

What a finding says is written down with it, and not only its code: what is kept stays as it was told when the program changes.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from mss_sim.documents.findings import Diagnosis, Finding, Kind, Summary
from mss_sim.vocabulary.documents import DocumentKind, FindingLevel
from mss_sim.words.sentence import Sentence


def write_record(diagnosis: Diagnosis) -> str:
    """A diagnosis as JSON."""
    kinds = {one.kind.code: one.kind for one in diagnosis.findings}
    told = {
        "kinds": {code: [kind.level, _sentence(kind.detail), kind.source, kind.requirements] for code, kind in kinds.items()},
        "findings": [
            [one.kind.code, one.level, one.document, one.where, one.seen, None if one.expected is None else _sentence(one.expected)]
            for one in diagnosis.findings
        ],
        "documents": [[one.document, one.kind, one.facts] for one in diagnosis.documents],
        "not_checked": [_sentence(one) for one in diagnosis.not_checked],
    }
    return orjson.dumps(told).decode()


def read_record(record: str) -> Diagnosis:
    """What `write_record` wrote."""
    told = orjson.loads(record)
    kinds = {
        code: Kind(code, FindingLevel(level), _said(detail), source, tuple(requirements))
        for code, (level, detail, source, requirements) in told["kinds"].items()
    }
    return Diagnosis(
        tuple(
            Finding(kinds[code], FindingLevel(level), document, where, seen, None if expected is None else _said(expected))
            for code, level, document, where, seen, expected in told["findings"]
        ),
        tuple(Summary(document, DocumentKind(kind), facts) for document, kind, facts in told["documents"]),
        tuple(map(_said, told["not_checked"])),
    )


def _sentence(sentence: Sentence) -> dict[str, Any]:
    """A sentence with all that another language needs of it."""
    english, template, values, separator = sentence.__getnewargs__()
    written = {name: _value(value) for name, value in values.items()}
    return {"english": english, "template": template, "values": written, "separator": _value(separator)}


def _value(value: object) -> dict[str, Any]:
    return _sentence(value) if isinstance(value, Sentence) else {"value": value}


def _said(told: Mapping[str, Any]) -> Sentence:
    values = {name: _read(value) for name, value in told["values"].items()}
    return Sentence(told["english"], told["template"], values, _read(told["separator"]))


def _read(told: Mapping[str, Any]) -> Any:
    return told["value"] if "value" in told else _said(told)
