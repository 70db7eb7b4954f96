"""A sentence: English when read as text, with its template and values for another language."""

from collections.abc import Iterable, Mapping
from typing import Any

from mss_sim.vocabulary.language import Language
from mss_sim.words.catalogue import translations


class Sentence(str):
    """A text for people; as a `str` it is the English one.

    `template` has holes as those of `str.format`; without a template the values stand side by side, in the same order in every language.
    """

    __slots__ = ("_separator", "template", "values")

    template: str | None
    values: Mapping[str, Any]
    _separator: str

    def __new__(cls, english: str, template: str | None, values: Mapping[str, Any], separator: str = "") -> "Sentence":
        made = super().__new__(cls, english)
        made.template, made.values, made._separator = template, values, separator
        return made

    def __getnewargs__(self) -> tuple[str, str | None, Mapping[str, Any], str]:  # type: ignore[override]  # what a copy is made of
        return str.__str__(self), self.template, self.values, self._separator

    def in_language(self, language: Language) -> str:
        """The text in that language; whatever of it nobody translated stays English."""
        if language is Language.EN:
            return str.__str__(self)
        template = None if self.template is None else translations(language).get(self.template, self.template)
        return _filled(template, _all_told(self.values, language), _told(self._separator, language))


class Template(str):
    """The template of a sentence in a table, filled in later."""

    __slots__ = ()

    def say(self, **values: object) -> Sentence:
        """The sentence with these values in its holes."""
        return say(str(self), **values)


class SpokenError(Exception):
    """An error that tells its causer what is wrong, and what to do."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)


def _filled(template: str | None, values: Mapping[str, Any], separator: str = "") -> str:
    return separator.join(map(str, values.values())) if template is None else template.format_map(values)


def _told(value: Any, language: Language) -> Any:
    return value.in_language(language) if isinstance(value, Sentence) else value


def _all_told(values: Mapping[str, Any], language: Language) -> dict[str, Any]:
    return {name: _told(value, language) for name, value in values.items()}


def say(template: str, /, **values: object) -> Sentence:
    """A sentence: an English template, and what stands in its holes. The template is a literal, for the catalogue to know it."""
    return Sentence(_filled(template, _all_told(values, Language.EN)), template, values)


def joined(parts: Iterable[object], separator: str = "") -> Sentence:
    """Sentences, or texts, one after another."""
    values = {str(place): part for place, part in enumerate(parts)}
    return Sentence(_filled(None, values, separator), None, values, separator)


def quoted(text: object) -> Sentence:
    """What somebody else said, or what is the same in every language."""
    return joined((text,))


def borrowed(english: str, template: Template, /, **values: object) -> Sentence:
    """What a library says in English; in other languages it is said by a template of our own, which may say less."""
    return Sentence(english, str(template), values)


def sentence_of(error: Exception) -> Sentence:
    """What an error says: its sentence, or the text of one that is not of ours."""
    first = error.args[0] if error.args else None
    return first if isinstance(first, Sentence) else quoted(error)
