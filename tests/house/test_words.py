"""What people are told has its French: every template of the code is in the catalogue, and nothing else is; no refusal is a bare string."""

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from mss_sim.vocabulary.language import Language
from mss_sim.words.catalogue import translations

_ROOT = Path(__file__).resolve().parents[2]
_SOURCES = sorted((_ROOT / "mss_sim").rglob("*.py"))
_FRENCH = translations(Language.FR)
_MAKERS = {"say", "Template"}
_TOLD = {
    **dict.fromkeys(("Refusal", "RetryLater", "OAuthError"), 1),
    **dict.fromkeys(
        ("ClientRefused", "AddressError", "CompositionError", "MalformedMessage", "SaslError", "Bad", "BadCharset", "BadName"), 0
    ),
    "Reply": 2,
}
"""Where the sentence stands among the arguments of what is told to somebody."""
_ENGLISH = {"the", "is", "of", "that", "there", "not", "you", "may", "with", "has", "was", "it", "and", "by", "for", "this"}
"""Words that no French sentence holds."""
_JOINING = _ENGLISH | {"or", "also", "each"}


def _name(path: Path) -> str:
    return path.relative_to(_ROOT).as_posix()


def _calls(source: str) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            yield name, node


def _templates(source: str) -> Iterator[str | None]:
    """The literals given to `say` and `Template`, None for what is no literal."""
    for name, call in _calls(source):
        if name in _MAKERS and isinstance(call.func, ast.Name):
            first = call.args[0] if call.args else None
            yield first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None


def _bare(source: str) -> Iterator[str]:
    """What is told to somebody as a string or an f-string."""
    for name, call in _calls(source):
        at = _TOLD.get(name)
        if at is not None and len(call.args) > at and isinstance(call.args[at], ast.Constant | ast.JoinedStr):
            yield ast.unparse(call)


def _mixed(source: str) -> Iterator[str]:
    """Words put into a hole of a sentence as a string: they stay English, whoever reads; what is said by itself has its own French."""
    for name, call in _calls(source):
        if name not in _MAKERS:
            continue
        waiting: list[ast.AST] = [keyword.value for keyword in call.keywords]
        while waiting:
            node = waiting.pop()
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and {*node.value.lower().split()} & _JOINING:
                yield node.value
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _MAKERS):
                waiting += ast.iter_child_nodes(node)


def _holes(template: str) -> set[tuple[str, str, str]]:
    return {(name, kind or "", form or "") for _, name, form, kind in string.Formatter().parse(template) if name is not None}


_PAGES = sorted((_ROOT / "mss_sim" / "web" / "templates").glob("*.html"))
_OF_A_PAGE = re.compile(r'\b_\("([^"\\]*)"')
_CODE = {template for path in _SOURCES if path.parent.name != "words" for template in _templates(path.read_text(encoding="utf-8"))}
_CODE |= {template for path in _PAGES for template in _OF_A_PAGE.findall(path.read_text(encoding="utf-8"))}
_VISIBLE = re.compile(r">[^<>{}]*[A-Za-zÀ-ÿ]{3,}[^<>{}]*<|(?:title|placeholder|aria-label|alt)=\"[^\"{}]*[A-Za-zÀ-ÿ]{3,}")
_SAME_EVERYWHERE = frozenset({"mss-sim", "English", "Français", "IMAP", "API", "ca.pem", "TLS", "UID", "XDM", "Message-ID", "Return-Path"})


def test_every_template_has_its_french_and_nothing_else_has() -> None:
    assert {"missing": _CODE - set(_FRENCH), "obsolete": set(_FRENCH) - _CODE} == {"missing": set(), "obsolete": set()}


@pytest.mark.parametrize("path", _PAGES, ids=_name)
def test_no_text_of_a_page_is_in_one_language_alone(path: Path) -> None:
    """What stands between tags, or is read aloud, is told by `_`; code and names are the same everywhere."""
    html = re.sub(r"{#.*?#}|<code>.*?</code>|<pre.*?</pre>|<title>.*?</title>", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    html = re.sub(r"{%.*?%}|{{.*?}}", "{}", html, flags=re.DOTALL)
    found = [text.strip("<> \n") for text in _VISIBLE.findall(html)]
    assert [
        text for text in found if not set(re.findall(r"[A-Za-zÀ-ÿ.-]{3,}", text)) <= _SAME_EVERYWHERE and not text.startswith("/")
    ] == []


@pytest.mark.parametrize("english", sorted(_FRENCH))
def test_a_translation_has_the_holes_of_its_template(english: str) -> None:
    assert _holes(_FRENCH[english]) == _holes(english)


@pytest.mark.parametrize("english", sorted(_FRENCH))
def test_a_translation_holds_no_english_and_ends_as_its_template(english: str) -> None:
    french = _FRENCH[english]
    assert set(french.replace("’", " ").lower().split()) & _ENGLISH == set()
    assert (french[-1:] == ".", french[:1] == " ", french[-1:] == " ") == (english[-1:] == ".", english[:1] == " ", english[-1:] == " ")


@pytest.mark.parametrize("path", _SOURCES, ids=_name)
def test_nobody_is_told_a_bare_string(path: Path) -> None:
    assert list(_bare(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('Refusal(Rule.X, "There is none.")', True),
        ('raise errors.Refusal(Rule.X, f"There is no {name}.")', True),
        ('Bad("an atom is expected")', True),
        ('Refusal(Rule.X, say("There is none."), reference="quirks#x")', False),
        ("Refusal(Rule.X, detail)", False),
    ],
)
def test_a_bare_string_is_seen(source: str, *, found: bool) -> None:
    assert bool(list(_bare(source))) is found


@pytest.mark.parametrize("path", _SOURCES, ids=_name)
def test_no_sentence_is_mixed(path: Path) -> None:
    """A hole takes names, numbers and what is said by itself, never English words: they would stand in French around them."""
    assert list(_mixed(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('say("{a} are", a="FLAGS, each also with .SILENT")', True),
        ('say("{a} are", a=" or ".join(known))', True),
        ('say("{a} are", a=", ".join(known))', False),
        ('say("{a} are", a=known or say("none of them"))', False),
        ('say("{a} are", a=names[0] if names else "this")', True),
    ],
)
def test_a_mixed_sentence_is_seen(source: str, *, found: bool) -> None:
    assert bool(list(_mixed(source))) is found


def test_templates_are_seen_wherever_they_are_said() -> None:
    source = 'x = say("a {b}", b=say("c")), Template("d"), say(text), session.say(b"e")'
    assert sorted(map(str, _templates(source))) == ["None", "a {b}", "c", "d"]
