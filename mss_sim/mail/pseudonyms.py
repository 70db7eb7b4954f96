"""Other names for people, in whatever text they stand: the same person is the same pseudonym throughout, so that a story can still be read.

| what                                            | becomes                      |
|-------------------------------------------------|------------------------------|
| a name that is known, whole or one word of it   | `Person-1`, `Name-1`         |
| an address, also as `local%40domain`            | `mailbox-1@domain-1.example` |
| the domain of one, standing alone               | `domain-1.example`           |
| a number of a person: eleven digits or more     | `number-1`                   |
| the address of a machine, but of this one       | `192.0.2.1`                  |
| a word in encoded form, `=?utf-8?...?=`         | what it says, then as above  |

Names that nobody told are not found in free text: who passes a text on leaves that out (`mss_sim/http/anomaly.py`).
"""

import re
from collections.abc import Iterable
from typing import Any

from mss_sim.mail.headers import decode

_ENCODED = re.compile(r"=\?[^?\s]{1,40}\?[bBqQ]\?[^?\s]{0,400}\?=")
_ADDRESS = re.compile(r"(?<![\w.+'-])([\w.+'-]{1,64})(@|%40)([\w-]{1,63}(?:\.[\w-]{1,63}){1,10})")
_NUMBER = re.compile(r"(?<![\w.-])\d{5,}[0-9AaBb]\d{5,}(?![\w-])")
_MACHINE = re.compile(r"(?<![\w.])(?!127\.)\d{1,3}(?:\.\d{1,3}){3}(?![\w.])")
_WORD = re.compile(r"[^\W\d_]{3,}")
_CHARS_MIN = 3
_TITLES = frozenset({"des", "les", "mme", "mlle", "monsieur", "madame"})


def addresses_in(text: str) -> set[str]:
    """The addresses that stand in a text, in lower case."""
    return {f"{found[1]}@{found[3]}".casefold() for found in _ADDRESS.finditer(text)}


class Pseudonyms:
    """The pseudonyms of one report: `names` of people that may stand in it, `domains` that are theirs."""

    def __init__(self, names: Iterable[str], domains: Iterable[str] = ()) -> None:
        self._made: dict[tuple[str, str], str] = {}
        self._counts: dict[str, int] = {}
        known = {name.strip() for name in names if len(name.strip()) >= _CHARS_MIN}
        words = {word.casefold() for name in known for word in _WORD.findall(name)} - _TITLES
        self._kinds = {
            **dict.fromkeys(words, "Name"),
            **{name.casefold(): "Person" for name in known},
            **{domain.casefold(): "domain" for domain in domains},
        }
        joined = "|".join(map(re.escape, sorted(self._kinds, key=len, reverse=True)))
        self._names = re.compile(rf"(?<![^\W_])(?:{joined})(?![^\W_])", re.IGNORECASE) if joined else None

    def of(self, text: str) -> str:
        """A text with pseudonyms in the place of people."""
        text = _ENCODED.sub(lambda found: decode(found[0].encode("utf-8", "replace")), text)
        text = _ADDRESS.sub(lambda found: f"{self._for('mailbox', found[1])}{found[2]}{self._for('domain', found[3])}", text)
        text = _NUMBER.sub(lambda found: self._for("number", found[0]), text)
        text = _MACHINE.sub(lambda found: self._for("machine", found[0]), text)
        return (
            self._names.sub(lambda found: self._for(self._kinds.get(found[0].casefold(), "Name"), found[0]), text) if self._names else text
        )

    def of_all(self, value: Any) -> Any:
        """The same of every text in a value of JSON; names of its members stay."""
        if isinstance(value, dict):
            return {name: self.of_all(inner) for name, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.of_all(inner) for inner in value]
        return self.of(value) if isinstance(value, str) else value

    def _for(self, kind: str, text: str) -> str:
        found = self._made.get((kind, text.casefold()))
        if found is None:
            self._counts[kind] = number = self._counts.get(kind, 0) + 1
            forms = {"domain": f"domain-{number}.example", "machine": f"192.0.2.{number % 256}"}
            found = self._made[(kind, text.casefold())] = forms.get(kind, f"{kind}-{number}")
        return found
