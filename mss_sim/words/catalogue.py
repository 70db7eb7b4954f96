"""The translations of one language, read from a file of GNU gettext.

Of that format only what a catalogue without plural forms and contexts needs is read: comments, `msgid` and `msgstr`, texts over
several lines. Anything else is an error that names its line: an entry that was passed over would be told in English.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

from mss_sim.vocabulary.language import Language

_LINE = re.compile(r'(?:(?P<field>msgid|msgstr) )?"(?P<text>(?:[^"\\]|\\["\\nt])*)"\Z')
_ESCAPED = re.compile(r"\\(.)")
_LETTERS = {"n": "\n", "t": "\t"}


@cache
def translations(language: Language) -> Mapping[str, str]:
    """The templates in that language by the English ones."""
    return dict(read((files(__package__) / f"{language}.po").read_text("utf-8")))


def read(text: str) -> Iterator[tuple[str, str]]:
    """(English, translation) of every entry of a catalogue but its header.

    Raises
    ------
    ValueError
        A line that is none of a catalogue, an entry that is not translated, or one that is there twice.
    """
    seen: set[str] = set()
    for number, english, translated in _entries(text):
        if not translated:
            raise ValueError(f"line {number}: {english!r} is not translated")
        if english in seen:
            raise ValueError(f"line {number}: {english!r} is there twice")
        seen.add(english)
        if english:
            yield english, translated


def _entries(text: str) -> Iterator[tuple[int, str, str]]:
    """(line, msgid, msgstr) of every entry."""
    fields: dict[str, str] = {}
    begun, field = 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        found = _LINE.match(line.strip())
        if found is None or not (found["field"] or field):
            raise ValueError(f"line {number}: msgid, msgstr or a text in quotes is expected")
        if found["field"]:
            if (found["field"] == "msgid") == (field == "msgid"):
                raise ValueError(f"line {number}: a msgstr follows its msgid")
            if found["field"] == "msgid" and fields:
                yield begun, fields["msgid"], fields["msgstr"]
            field = found["field"]
            begun, fields = (number, {"msgid": "", "msgstr": ""}) if field == "msgid" else (begun, fields)
        fields[field] += _ESCAPED.sub(lambda escape: _LETTERS.get(escape[1], escape[1]), found["text"])
    if field == "msgid":
        raise ValueError(f"line {begun}: a msgstr follows its msgid")
    if fields:
        yield begun, fields["msgid"], fields["msgstr"]
