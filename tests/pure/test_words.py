"""Sentences: English as text, told in the language of whoever is told; a catalogue is read whole or not at all."""

import copy
from collections.abc import Callable

import pytest

from mss_sim.vocabulary.language import Language
from mss_sim.words.catalogue import read, translations
from mss_sim.words.sentence import Sentence, SpokenError, Template, borrowed, joined, quoted, say, sentence_of

EN, FR = Language.EN, Language.FR
_FOLDER = "There is already a folder {name}."
_HEAD = 'msgid ""\nmsgstr "Language: fr\\n"\n\n'


def test_a_sentence_is_its_english_text_and_told_in_french() -> None:
    sentence = say("There is already a folder {name}.", name="Bilans")
    assert sentence == "There is already a folder Bilans."
    assert (sentence.in_language(EN), sentence.in_language(FR)) == (sentence, "Il y a déjà un dossier Bilans.")
    assert type(sentence.in_language(EN)) is type(sentence.in_language(FR)) is str


def test_a_value_that_is_a_sentence_is_told_in_the_same_language() -> None:
    inner = say("it is over {most} bytes", most=10)
    outer = joined(("550 ", say("The token is refused: {why}.", why=inner)))
    assert outer == "550 The token is refused: it is over 10 bytes."
    assert outer.in_language(FR) == "550 Le jeton est refusé : il dépasse 10 octets."


def test_what_stands_side_by_side_is_parted_by_a_sentence_too() -> None:
    two = joined((say("professional"), say("patient")), say(" or "))
    assert (two, two.in_language(FR)) == ("professional or patient", "un professionnel ou un usager")
    assert joined(["a", 1, "b"], ", ").in_language(FR) == "a, 1, b"


def test_holes_keep_their_conversions_and_braces_of_a_value_are_no_holes() -> None:
    sentence = say("There is nothing here called {text!r}.", text="{x}")
    assert sentence == "There is nothing here called '{x}'."
    assert sentence.in_language(FR) == "Il n’y a rien ici qui s’appelle '{x}'."


def test_what_nobody_translated_stays_english() -> None:
    assert Template("Nobody said {this}.").say(this="that").in_language(FR) == "Nobody said that."


def test_a_library_keeps_its_english_and_has_our_words_in_french() -> None:
    sentence = borrowed("Field required", Template("this field is missing"))
    assert (sentence, sentence.in_language(FR)) == ("Field required", "ce champ manque")


@pytest.mark.parametrize(
    ("error", "french"),
    [
        (SpokenError(say("too many MIME parts")), "trop de parties MIME"),
        (ValueError(say("too many MIME parts")), "trop de parties MIME"),
        (ValueError("no sentence"), "no sentence"),
        (KeyError(), ""),
    ],
)
def test_an_error_says_its_sentence_or_its_text(error: Exception, french: str) -> None:
    assert sentence_of(error).in_language(FR) == french


def test_a_sentence_in_an_f_string_is_no_sentence_and_the_tests_let_none_pass() -> None:
    with pytest.raises(AssertionError, match="make the sentence a hole of another one"):
        f"550 {say('Delivered')}"


@pytest.mark.parametrize("again", [copy.deepcopy, copy.copy])
def test_a_copy_is_the_same_sentence(again: Callable[[Sentence], Sentence]) -> None:
    copied = again(joined((say("Delivered"), quoted("x")), "; "))
    assert (copied, copied.in_language(FR)) == ("Delivered; x", "Remis; x")


# The catalogue


def test_a_text_over_several_lines_with_escapes_is_read_as_one() -> None:
    text = _HEAD + '# a comment\n#: a/file.py\nmsgid ""\n"one \\"two\\""\n" three\\\\"\nmsgstr "un\\tdeux"\n" trois\\n"\n'
    assert list(read(text)) == [('one "two" three\\', "un\tdeux trois\n")]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('msgid "a"\nmsgstr "b"\nmsgid "a"\nmsgstr "c"\n', "line 3: 'a' is there twice"),
        ('msgid "a"\nmsgstr ""\n', "line 1: 'a' is not translated"),
        ('msgid "a"\n', "line 1: a msgstr follows its msgid"),
        ('msgstr "b"\n', "line 1: a msgstr follows its msgid"),
        ('msgid "a"\nmsgid "b"\n', "line 2: a msgstr follows its msgid"),
        ('msgid "a"\nmsgstr "b"\nmsgstr "c"\n', "line 3: a msgstr follows its msgid"),
        ('"a"\n', "line 1: msgid, msgstr or a text in quotes is expected"),
        ('msgid "a\n', "line 1: msgid, msgstr or a text in quotes is expected"),
        ('msgid "a\\x"\n', "line 1: msgid, msgstr or a text in quotes is expected"),
        ('msgctxt "a"\n', "line 1: msgid, msgstr or a text in quotes is expected"),
        ('msgid "a"\nmsgid_plural "as"\n', "line 2: msgid, msgstr or a text in quotes is expected"),
        ("msgid 'a'\n", "line 1: msgid, msgstr or a text in quotes is expected"),
    ],
)
def test_what_is_no_whole_catalogue_is_refused_by_its_line(text: str, why: str) -> None:
    with pytest.raises(ValueError, match="line") as refused:
        list(read(text))
    assert str(refused.value) == why


def test_the_french_catalogue_is_read_whole() -> None:
    assert translations(FR)[_FOLDER] == "Il y a déjà un dossier {name}."
    assert "" not in translations(FR)
