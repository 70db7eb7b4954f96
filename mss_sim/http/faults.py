"""What is wrong with a parameter or a body: the errors of pydantic by their type, as sentences.

In English pydantic's own words stand; what follows is what they are told by in other languages. Of an error whose words carry more than a
type (where in a date the reader stumbled), the others say less. A type that is not listed stays English.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from mss_sim.words.sentence import Sentence, Template, borrowed, joined, quoted, say, sentence_of

_TEXTS: dict[str, Template] = {
    "bool_parsing": Template("a boolean is expected"),
    "bool_type": Template("a boolean is expected"),
    "bytes_type": Template("bytes are expected"),
    "date_from_datetime_parsing": Template("a date is expected"),
    "date_parsing": Template("a date is expected"),
    "date_type": Template("a date is expected"),
    "datetime_from_date_parsing": Template("a date with its time is expected, as in 2026-01-05T08:00:00Z"),
    "datetime_object_invalid": Template("a date with its time is expected, as in 2026-01-05T08:00:00Z"),
    "datetime_parsing": Template("a date with its time is expected, as in 2026-01-05T08:00:00Z"),
    "datetime_type": Template("a date with its time is expected, as in 2026-01-05T08:00:00Z"),
    "dict_type": Template("an object is expected"),
    "enum": Template("one of these is expected: {expected}"),
    "extra_forbidden": Template("this field is not known here"),
    "finite_number": Template("a finite number is expected"),
    "float_parsing": Template("a number is expected"),
    "float_type": Template("a number is expected"),
    "frozen_set_type": Template("a list is expected"),
    "greater_than": Template("a value above {gt} is expected"),
    "greater_than_equal": Template("a value of {ge} or more is expected"),
    "int_from_float": Template("a whole number is expected"),
    "int_parsing": Template("a whole number is expected"),
    "int_parsing_size": Template("the number is too large"),
    "int_type": Template("a whole number is expected"),
    "json_invalid": Template("this is not JSON"),
    "json_type": Template("JSON is expected"),
    "less_than": Template("a value under {lt} is expected"),
    "less_than_equal": Template("a value of {le} or less is expected"),
    "list_type": Template("a list is expected"),
    "literal_error": Template("one of these is expected: {expected}"),
    "missing": Template("this field is missing"),
    "model_attributes_type": Template("an object is expected"),
    "model_type": Template("an object is expected"),
    "none_required": Template("null is expected"),
    "recursion_loop": Template("the value holds itself"),
    "set_type": Template("a list is expected"),
    "string_pattern_mismatch": Template("a text that matches {pattern} is expected"),
    "string_too_long": Template("a text of at most {max_length} characters is expected"),
    "string_too_short": Template("a text of at least {min_length} characters is expected"),
    "string_type": Template("a text is expected"),
    "string_unicode": Template("a text in Unicode is expected"),
    "timezone_aware": Template("a date with the offset of its time zone is expected"),
    "too_long": Template("at most {max_length} items are expected, not {actual_length}"),
    "too_short": Template("at least {min_length} items are expected, not {actual_length}"),
    "value_error": Template("{error}"),
}


def fault(error: Mapping[str, Any]) -> Sentence:
    """One error, as pydantic describes it (`type`, `msg`, `ctx`)."""
    template = _TEXTS.get(error["type"])
    if template is None:
        return quoted(error["msg"])
    context = dict(error.get("ctx", {}))
    if isinstance(context.get("error"), Exception):
        context["error"] = sentence_of(context["error"])
    if isinstance(context.get("expected"), str):
        context["expected"] = joined(context["expected"].rsplit(" or ", 1), say(" or "))
    return borrowed(error["msg"], template, **context)


def faults(errors: Sequence[Any]) -> Sentence:
    """The first of several errors, each with its place."""
    return joined((joined((".".join(map(str, one["loc"])), fault(one)), ": ") for one in errors[:5]), "; ")
