"""What is wrong with a value of a request: a sentence in both languages, or the library's own words where we have none."""

from typing import Any

import pytest

from mss_sim.http.faults import fault, faults
from mss_sim.vocabulary.language import Language


@pytest.mark.parametrize(
    ("error", "english", "french"),
    [
        ({"type": "missing", "msg": "Field required"}, "Field required", "ce champ manque"),
        ({"type": "less_than_equal", "msg": "At most 9", "ctx": {"le": 9}}, "At most 9", "une valeur d’au plus 9 est attendue"),
        ({"type": "url_parsing", "msg": "Input should be a valid URL"}, "Input should be a valid URL", "Input should be a valid URL"),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else "",
)
def test_an_error_has_our_sentence_in_french_and_the_librarys_where_there_is_none(error: dict[str, Any], english: str, french: str) -> None:
    found = fault(error)
    assert (found.in_language(Language.EN), found.in_language(Language.FR)) == (english, french)


def test_of_many_errors_the_first_are_told_each_with_its_place() -> None:
    errors = [{"type": "url_parsing", "msg": "no URL", "loc": ("urls", number)} for number in range(9)]
    assert str(faults(errors)) == "; ".join(f"urls.{number}: no URL" for number in range(5))
