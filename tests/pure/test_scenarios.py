"""Scenario files: what is wrong in one is told by its line and step; what is right is read, and written again the same."""

import re
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mss_sim.errors import Rule
from mss_sim.faults.actions import Mask, Reply
from mss_sim.faults.rules import Match
from mss_sim.scenarios import deeds, shelf
from mss_sim.scenarios.enclosures import Documents, Enclosed
from mss_sim.scenarios.model import Box, Expectation, Role, Scenario, Step, Telling
from mss_sim.scenarios.reading import read_scenario
from mss_sim.scenarios.tree import NotAScenario
from mss_sim.scenarios.writing import write_scenario
from mss_sim.vocabulary.clock import ClockMode
from mss_sim.vocabulary.documents import CdaLevel
from mss_sim.vocabulary.faults import Point, PresetName
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.mail import TimelineKind
from mss_sim.vocabulary.mailboxes import MailboxKind, Right, SendMode
from mss_sim.vocabulary.scenarios import Level, StepType, Verb

_SIZE_MAX = 262_144
_STEPS_MAX = 200
_HEAD = "title: t\nactors: {a: x, b: y}\nmailboxes: {box: box@cabinet.sim.mssante.fr}\nsteps:\n"
_SEND = "- {en: s, actor: a, send: {to: b, subject: s}, as: l}\n"


def _read(text: str | bytes) -> Scenario:
    return read_scenario(text if isinstance(text, bytes) else text.encode(), size_bytes_max=_SIZE_MAX, steps_max=_STEPS_MAX)


def _step(fields: str) -> Step:
    """The last of two steps, of which the first sends a letter."""
    return _read(f"{_HEAD}{_SEND}- {{en: s, {fields}}}\n").steps[-1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "Line 1: The file is empty"),
        (b"# only a comment\n", "Line 1: The file is empty"),
        (b"title: caf\xe9\n", "Line 1: The file is not in UTF-8"),
        (b"title: t\nsteps:\n- {en: \xff}\n", "Line 3: The file is not in UTF-8"),
        (b"\xff\xfet\x00", "Line 1: The file is not in UTF-8"),
        ("x" * (_SIZE_MAX + 1), "The file is over 262144 bytes"),
        ("title: t\nsteps: [\n", "Line 3: This is not YAML: "),
        ("title: t\n\tsteps: 1\n", "Line 2: This is not YAML: found character '\\t'"),
        ("title: t\x07\n", "Line 1: A character here is not allowed in YAML"),
        ("title: a\n--- b\n", "Line 2: A second document begins here"),
        ('title: "\\U00110000"\n', "Line 1: An escape in quotes stands for no character"),
        ('title: "\\ud800"\n', "Line 1: The text holds a NUL or half a character"),
        ('title: "a\\0"\n', "Line 1: The text holds a NUL or half a character"),
        ('title: "\\e[2J"\nsteps: []\n', "Line 1: The text holds a control character"),
        ("title: &a [*a]\n", "Line 1: Anchors and aliases"),
        ("title: t\nsteps: *later\n", "Line 2: Anchors and aliases"),
        ("title: !!python/object/apply:os.system [ls]\n", "Line 1: Tags (!) are not read"),
        ("title: !!str t\n", "Line 1: Tags (!) are not read"),
        ("title: " + "[" * 100, "too deep or too long"),
        ("title: t\nsteps: [" + "a," * 20_000 + "]", "too deep or too long"),
        ("title: t\ntitle: u\n", "Line 2: title stands here twice"),
        ("? [a]\n: b\n", "Line 1: A name is expected before the colon"),
        ("- a\n", "Line 1: Fields are expected here"),
        ("just a text\n", "Line 1: Fields are expected here"),
        ("steps: []\n", "Line 1: The scenario has no title"),
        ("title: t\n", "Line 1: The scenario has no steps"),
        ("titel: t\n", "Line 1: Unknown key titel. Did you mean title?"),
        ("title: t\nsteps: []\n", "Line 2: A list of steps is expected here"),
        ("title: t\nsteps: none\n", "Line 2: A list of steps is expected here"),
        ("title: t\nsteps: {a: b}\n", "Line 2: A list of steps is expected here"),
        ("title: {de: t}\nsteps: []\n", "Line 1: Unknown key de. "),
        ("title: {}\nsteps: []\n", "Line 1: Write a text, or one under en and one under fr"),
        ("title: [t]\nsteps: []\n", "Line 1: Fields are expected here"),
        ("title: t\nlevel: N4\nsteps: []\n", "Line 2: N4 is not a word of this field."),
        ("title: t\nactors: [a]\nsteps: []\n", "Line 2: Fields are expected here"),
        ("title: t\nactors: {A: x}\nsteps: []\n", "Line 2: A is not a name"),
        ("title: t\nactors: {a: {}}\nsteps: []\n", "Line 2: Say who it is"),
        ("title: t\nactors: {a: {role: x, like: y}}\nsteps: []\n", "Line 2: Say who it is"),
        ("title: t\nactors: {a: {rôle: x}}\nsteps: []\n", "Line 2: Unknown key rôle. Did you mean role?"),
        ("title: t\nactors: {a: ''}\nsteps: []\n", "Line 2: One line of text is expected here"),
        ("title: t\nactors: {a: x}\nmailboxes: {a: x@y.fr}\nsteps: []\n", "Line 3: a is an actor already"),
        ("title: t\nmailboxes: {box: x}\nsteps: []\n", "Line 2: An address is expected here, or of and kind"),
        ("title: t\nmailboxes: {box: {of: a, kind: CAB}}\nsteps: []\n", "Line 2: There is no actor a. Known here: nothing."),
        ("title: t\nactors: {a: x}\nmailboxes: {box: {of: a}}\nsteps: []\n", "Line 3: An address is expected here, or of and kind"),
        ("title: t\nmailboxes: {box: 'x@y@'}\nsteps: []\n", "Line 2: x@y@ is not an address"),
        (_HEAD + "- {en: s}\n" * 201, "Line 5: A scenario has 200 steps at most"),
    ],
    ids=range(46),
)
def test_what_is_wrong_in_a_file_is_told_by_its_line(text: str | bytes, said: str) -> None:
    with pytest.raises(NotAScenario) as caught:
        _read(text)
    assert said in str(caught.value)
    assert said.partition(": ")[2] in str(caught.value)
    assert str(caught.value).startswith("Line ")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ("wiat: {}", "Unknown key wiat. Did you mean wait?"),
        ("actor: a, open: l, delete: l", "The step does two things, open and delete"),
        ("open: l", "Somebody has to do open: name the actor."),
        ("actor: a, advance: P1D", "Nobody acts in advance"),
        ("actor: c, open: l", "There is no actor c. Known here: a, b."),
        ("actor: a, open: ll", "No step before this one calls a letter ll (as:). Did you mean l?"),
        ("actor: a, send: {to: b, answers: m}, as: m", "No step before this one calls a letter m (as:)"),
        ("actor: a, revoke: l", "No step before this one calls a grant l (as:). Known here: nothing."),
        ("lift: l", "No step before this one calls a fault l (as:)"),
        ("actor: a, send: {to: b}, as: l", "l was given to something already"),
        ("actor: a, send: {to: b}, as: L", "L is not a name"),
        ("actor: a, open: l, as: m", "Nothing is made by this open"),
        ("wait: {none: true}, as: m", "Nothing is made by this wait"),
        ("actor: a, send: {to: b}, as: m, expect: {refused: not-found}", "What is refused makes nothing"),
        ("actor: a, send: {}", "send needs to: add it."),
        ("actor: a, send: {to: []}", "Name one at least."),
        ("actor: a, send: {to: c}", "There is no mailbox or actor c. "),
        ("actor: a, send: {to: 'c@'}", "c@ is not an address"),
        ("actor: a, send: {to: {b: c}}", "A list is expected here"),
        (f"actor: a, send: {{to: [{', '.join('b' * 101)}]}}", "At most 100 stand in such a list"),
        ("actor: a, send: {to: b, subject: [x]}", "One value is expected here"),
        (f"actor: a, send: {{to: b, subject: {'x' * 501}}}", "One line of text is expected here, of 500 characters"),
        ('actor: a, send: {to: b, subject: "x\\r\\nBcc: y"}', "One line of text is expected here"),
        ("actor: a, send: {to: b, receipt: yes}", "Write true or false, not yes."),
        ("actor: a, send: {to: b, mode: boss}", "boss is not a word of this field. "),
        ("actor: a, send: {to: b, urgent: true}", "Unknown key urgent. "),
        ("actor: a, send: {to: b, files: note.txt}", "A list is expected here"),
        ("actor: a, send: {to: b, files: [{name: a}]}", "A file has a name, and one of text and base64."),
        ("actor: a, send: {to: b, files: [{text: a}]}", "A file has a name, and one of text and base64."),
        ("actor: a, send: {to: b, files: [{name: a, text: b, base64: AA==}]}", "A file has a name, and one of text and base64."),
        ("actor: a, send: {to: b, files: [{name: a, base64: 'AAé='}]}", "Base64 is expected here."),
        ("actor: a, send: {to: b, files: [{name: a, base64: AAA}]}", "Base64 is expected here."),
        ("actor: a, send: {to: b, files: [{name: a, txet: b}]}", "Unknown key txet. Did you mean text?"),
        ("actor: a, send: {to: b, documents: {types: []}}", "Name one at least."),
        ("actor: a, send: {to: b, documents: {patient: b}}", "Name one at least."),
        ("actor: a, send: {to: b, documents: {types: x, patient: c}}", "There is no actor c. "),
        ("actor: a, send: {to: b, documents: {types: x, level: N2}}", "N2 is not a word of this field. "),
        ("actor: a, grant: {to: b, rights: []}", "Name one at least."),
        ("actor: a, grant: {to: b, rights: [raed]}", "raed is not a word of this field. Did you mean read?"),
        ("actor: a, grant: {to: b, rights: see, until: tomorrow}", "An instant such as 2030-01-05T08:00:00Z is expected here"),
        ("actor: a, grant: {to: b, rights: see, until: 2030-01-05}", "An instant such as 2030-01-05T08:00:00Z is expected here"),
        ("actor: a, grant: {to: b, rights: see, until: '0001-01-01T00:00:00+12:00'}", "An instant such as"),
        ("actor: a, grant: {to: b, rights: see, until: P1}", "P1 cannot be: a duration of ISO 8601"),
        ("wait: {count: 0}", "A number from 1 to 1000 is expected here."),
        ("wait: {count: 1e3}", "A whole number is expected here, not 1e3."),
        ("wait: {count: 99999999999999999999}", "A whole number is expected here"),
        ("wait: {timeout: -1}", "Seconds are expected here, 86400 at most."),
        ("wait: {timeout: .inf}", "A number is expected here, not .inf."),
        ("wait: {}, expect: {count: 1}", "Nothing is expected of wait"),
        ("journal: {}", "journal needs acts: add it."),
        ("timeline: {letter: l}", "timeline needs events: add it."),
        ("clock: real time", "real time is not a word of this field. "),
        ("clock: {mode: real, at: '2030-01-05T08:00:00Z'}", "real is the machine's time"),
        ("clock: paced", "rate belongs to the mode paced"),
        ("clock: {mode: frozen, rate: 2}", "rate belongs to the mode paced"),
        ("advance: {}", "advance needs by: add it."),
        ("fault: mes-down", "Fields are expected here"),
        ("fault: {preset: mess-down}", "mess-down is not a word of this field. Did you mean mes-down?"),
        ("fault: {preset: mes-down, words: [a]}", "Unknown key words. "),
        ("fault: {point: mx}", "fault needs preset, or point and action: add it."),
        ("fault: {point: mx, action: {code: 451}}", "the action needs kind: add it."),
        ("fault: {point: mx, action: {kind: reply, seconds: 1}}", "The fault reply takes"),
        ("fault: {point: mx, action: {kind: reply, code: '451'}, match: {form: x}}", "Unknown key form. "),
        ("actor: a, open: l, expect: {}, type: TEST", "TEST is not a word of this field. "),
        ("actor: a, open: l, expect: {refused: no}", "no is not a word of this field. "),
        ("actor: a, open: l, expect: {refused: not-found, subject: x}", "What is refused has nothing else to show"),
        ("actor: a, open: l, expect: {count: 1}", "Unknown key count. "),
        ("actor: a, list: box, expect: {count: many}", "A whole number is expected here, not many."),
        ("settle: {}, expect: {refused: not-found}", "Nothing is expected of settle"),
    ],
)
def test_what_is_wrong_in_a_step_is_told_with_its_line_and_step(fields: str, said: str) -> None:
    with pytest.raises(NotAScenario) as caught:
        _step(fields)
    assert str(caught.value).startswith("Line 6, step 2: ")
    assert said in str(caught.value)
    assert caught.value.args[0].in_language(Language.FR).startswith("Ligne 6, étape 2 : ")


@pytest.mark.parametrize("text", ["- s\n", "- [s]\n", "- {}\n", "- {fr: ''}\n"])
def test_a_step_is_fields_that_tell_something(text: str) -> None:
    with pytest.raises(NotAScenario, match="Line 5, step 1: "):
        _read(_HEAD + text)


@pytest.mark.parametrize(
    ("fields", "deed"),
    [
        ("actor: a, open: l", deeds.Open("l")),
        ("actor: a, list: {}", deeds.List()),
        ("actor: a, list:", deeds.List()),
        ("actor: a, list: box", deeds.List("box")),
        ("actor: a, send: {to: [b, X@Y.FR], mode: send_as}", deeds.Send(("b", "x@y.fr"), mode=SendMode.AS)),
        ("actor: a, send: {to: b, subject: no, text: 08:00}", deeds.Send(("b",), "no", "08:00")),
        (
            "actor: a, send: {to: b, files: {name: n.txt, text: é}}",
            deeds.Send(("b",), files=(Enclosed("n.txt", "é"),)),
        ),
        (
            "actor: a, send: {to: b, files: [{name: a, text: ''}, {name: b.bin, base64: 'AA E=', type: image/png}]}",
            deeds.Send(("b",), files=(Enclosed("a", ""), Enclosed("b.bin", base64="AAE=", type="image/png"))),
        ),
        ("actor: a, send: {to: b, documents: 11490-0}", deeds.Send(("b",), documents=Documents(("11490-0",)))),
        (
            "actor: a, send: {to: b, documents: {types: [11490-0, x], patient: b, level: N1, flaw: hash-wrong}}",
            deeds.Send(("b",), documents=Documents(("11490-0", "x"), "b", CdaLevel.N1, "hash-wrong")),
        ),
        ("actor: a, mark: {letter: l, add: urgent}", deeds.Mark("l", add=("urgent",))),
        ("actor: a, grant: {to: b, rights: see, until: P7D}", deeds.Grant("b", (Right.SEE,), until="P7D")),
        ("wait: {subject: x, document: false, count: 2, timeout: 0.5}", deeds.Wait(subject="x", document=False, count=2, timeout=0.5)),
        ("timeline: {letter: l, events: delivered}", deeds.Timeline("l", (TimelineKind.DELIVERED,))),
        ("clock: {mode: paced, rate: 60}", deeds.Clock(ClockMode.PACED, rate=60.0)),
        ("advance: '2030-01-05T08:00:00Z'", deeds.Advance("2030-01-05T08:00:00Z")),
        ("fault: {preset: psc-slow, seconds: 8}", deeds.Fault(preset=PresetName.PSC_SLOW, given=(("seconds", 8.0),))),
        (
            "fault: {point: mx, action: {kind: reply, code: 451}, match: {size_max: 5}, nth: 2, count: null}",
            deeds.Fault(point=Point.MX, action=Reply("451"), match=Match(size_max=5), nth=2, count=None),
        ),
        ("fault: {point: imap, action: {kind: mask, words: [IDLE]}}", deeds.Fault(point=Point.IMAP, action=Mask(frozenset({"IDLE"})))),
        ("lift:", deeds.Lift()),
        ("settle: {}", deeds.Settle()),
        ("type: INSTRUCTION", deeds.Note()),
    ],
)
def test_a_deed_is_read_and_written_again(fields: str, deed: deeds.Deed) -> None:
    step = _step(fields)
    assert step.deed == deed
    again = _read(write_scenario(_read(f"{_HEAD}{_SEND}- {{en: s, {fields}}}\n"))).steps[-1]
    assert replace(again, line=0) == replace(step, line=0)


def test_a_head_says_who_plays_and_where() -> None:
    found = _read(
        "title: {fr: t}\nabout: x\nlevel: N2\nseed: patients\nactors: {a: {like: patient}, b: {role: doctor}, c: '8997'}\n"
        "mailboxes: {box: {of: b, kind: CAB}, other: X@Y.fr}\nsteps:\n- fr: é\n"
    )
    assert (found.title, found.about, found.level, found.seed) == (Telling("t", "t"), Telling("x", "x"), Level.N2, "patients")
    assert found.actors == {"a": Role(like="patient"), "b": Role(role="doctor"), "c": Role(called="8997")}
    assert found.mailboxes == {"box": Box(of="b", kind=MailboxKind.CAB), "other": Box(address="x@y.fr")}
    assert found.steps == (Step(8, Telling("é", "é"), deeds.Note()),)


@pytest.mark.parametrize(
    ("fields", "type_", "level"),
    [
        ("actor: a, open: l", StepType.TRANSACTION, None),
        ("journal: {acts: grant.created}", StepType.PREUVE, None),
        ("wait: {}", StepType.VALIDATION, None),
        ("advance: P1D", StepType.INSTRUCTION, None),
        ("level: N1", StepType.INFORMATION, Level.N1),
        ("type: PREUVE, wait: {}", StepType.PREUVE, None),
    ],
)
def test_a_step_has_a_type_of_the_test_space(fields: str, type_: StepType, level: Level | None) -> None:
    step = _step(fields)
    assert (step.type, step.level) == (type_, level)


def test_expectations_are_read_with_their_types() -> None:
    assert _step("actor: a, list: box, expect: {count: 2, unread: 0}").expects == Expectation(facts=(("count", 2), ("unread", 0)))
    assert _step("may-write: {from: a, to: b}, expect: {allowed: false}").expects == Expectation(facts=(("allowed", False),))
    assert _step("actor: a, open: l, expect: {refused: not-found}").expects == Expectation(refused=Rule.NOT_FOUND)


def test_every_verb_has_a_deed() -> None:
    assert set(deeds.DEEDS) == set(Verb)
    assert len(set(deeds.DEEDS.values())) == len(Verb)


def _same(text: bytes) -> tuple[Scenario, Scenario]:
    first = _read(text)
    second = _read(write_scenario(first))
    return tuple(replace(one, steps=tuple(replace(step, line=0) for step in one.steps)) for one in (first, second))  # type: ignore[return-value]


@pytest.mark.parametrize("name", shelf.names())
def test_a_story_that_ships_is_in_both_languages_and_written_again_the_same(name: str) -> None:
    first, second = _same(shelf.octets(name))
    assert first == second
    assert first.level is not None
    texts = [first.title, first.about, *(step.tells for step in first.steps)]
    assert [told for told in texts if not told.en or not told.fr or told.en == told.fr] == []


def test_there_is_no_other_story() -> None:
    assert shelf.names() == ["breakdown", "delegation", "locum", "patient"]
    with pytest.raises(KeyError):
        shelf.octets("../pyproject")


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@given(_TEXTS, _TEXTS)
@example("a\u2028b\u2029\ufeff\uffff\U0001f600 \t\n", "\ufffe'\"\\#: ")
def test_any_text_is_written_so_that_it_is_read_the_same(text: str, subject: str) -> None:
    deed = deeds.Send(("x@y.fr",), _BREAKS.sub("", subject), _UNSEEN.sub("", text))
    scenario = Scenario(Telling(deed.text or "t", "t"), (Step(0, Telling("s", "s"), deed, "a"),), actors={"a": Role("b")})
    found = _read(write_scenario(scenario))
    assert (found.title, found.steps[0].deed) == (scenario.title, deed)


def _line_of(octets: bytes) -> int:
    """In which line a file is wrong; 1 for one that is right."""
    try:
        _read(octets)
    except NotAScenario as error:
        return error.line
    return 1


@given(st.binary(max_size=300))
def test_whatever_is_read_raises_its_own_error_alone(octets: bytes) -> None:
    assert _line_of(octets) >= 1


@given(st.text("{}[]:,&*!|>'\"%@`#?- \n\tabN0", max_size=120))
def test_whatever_looks_like_yaml_raises_its_own_error_alone(text: str) -> None:
    assert all(_line_of(octets) >= 1 for octets in (text.encode(), (_HEAD + text).encode()))
