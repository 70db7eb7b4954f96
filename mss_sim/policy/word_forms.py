"""Words for one trade, one searched as the other: who looks for a `cardiologue` finds cardiologie, and for an `infirmière` Infirmier.

The nomenclatures have one word for each trade (vocabulary/professions): each word of the label of a profession, the first of that of a
specialty. Its *stem* is what is left of it without an ending by which French tells trades from those who practise them, and women from
men. What is looked for as a stem with such an ending, or the beginning of one, is looked for as the stem:

| label                                | stem         | so it is found by                                          |
|--------------------------------------|--------------|------------------------------------------------------------|
| Cardiologie et Maladies vasculaires  | `cardiolog`  | cardiologue, cardiologues, cardiologu                      |
| Anesthésie-réanimation               | `anesthes`   | anesthésiste, anesthésistes                                |
| Pédiatrie                            | `pediatr`    | pédiatre                                                   |
| Infirmier                            | `infirmi`    | infirmière, infirmières                                    |
| Chirurgie générale                   | `chirurg`    | chirurgien, chirurgienne                                   |

A stem has at least six letters, so that a family name seldom is one with an ending of these. What people say that is another word, or one
too short for a stem, is in a table. Abbreviations of two or three letters are not: they are the beginnings of names. It is all our choice
(ref: quirks#directory-words).
"""

from collections.abc import Iterator
from functools import lru_cache

from mss_sim.mail.parse import words_of
from mss_sim.vocabulary.professions import PROFESSIONS, SPECIALTIES

_STEM_LETTERS_MIN = 6
_ENDINGS = ("ienne", "iste", "ien", "ere", "ie", "ue", "er", "e")
"""The longest first."""
_PLURAL = "s"
_SAID = {
    "femmes": "femme",
    "generalistes": "generaliste",
    "masseuse": "masseur",
    "masseuses": "masseur",
    "omnipraticien": "generaliste",
    "omnipraticiens": "generaliste",
    "omnipraticienne": "generaliste",
    "omnipraticiennes": "generaliste",
    "sages": "sage",
}
"""What else is said, as a whole word."""


@lru_cache(maxsize=4_096)
def looked_for(word: str) -> str:
    """The beginning under which a folded word is looked for: the stem that it is a form of, or itself."""
    if word in _SAID:
        return _SAID[word]
    return next((stem for stem in _stems() if word.startswith(stem) and _is_ending(word[len(stem) :])), word)


def _is_ending(rest: str) -> bool:
    """Whether something is an ending, in either number, or the beginning of one, as somebody types it."""
    return not rest or rest == _PLURAL or any(f"{ending}{_PLURAL}".startswith(rest) for ending in _ENDINGS)


@lru_cache(maxsize=1)
def _stems() -> tuple[str, ...]:
    """All stems."""
    return tuple(sorted({stem for word in _words() if len(stem := _stem(word)) >= _STEM_LETTERS_MIN}))


def _words() -> Iterator[str]:
    for profession in PROFESSIONS:
        yield from words_of(profession.label)
    for specialty in SPECIALTIES:
        yield words_of(specialty.label)[0]


def _stem(word: str) -> str:
    """A word without the longest ending that leaves it long enough."""
    lengths = (len(word) - len(ending) for ending in _ENDINGS if word.endswith(ending))
    return word[: next((length for length in lengths if length >= _STEM_LETTERS_MIN), len(word))]
