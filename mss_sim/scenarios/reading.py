"""A scenario file read: its head, then its steps in their order, each knowing the names that those before gave.

| wrong                                                    | told                                                    |
|----------------------------------------------------------|---------------------------------------------------------|
| an unknown key, actor, mailbox or word                   | which, and what may have been meant                     |
| a letter, grant or fault of a later step, or of this one | that no step before gives it: a file goes one way       |
| a name that is given twice                               | that it is                                              |
| an actor where nobody acts, or none where somebody must  | what to do with `actor`                                 |
| an expectation that the deed cannot meet                 | which it can                                            |
"""

from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any

from mss_sim.errors import Refusal, Rule
from mss_sim.faults import actions
from mss_sim.faults.rules import Match
from mss_sim.scenarios import fields as read
from mss_sim.scenarios.deeds import DEEDS, READER, Clock, Deed, Fault, Note, Wait
from mss_sim.scenarios.fields import Reader, Scope
from mss_sim.scenarios.model import Box, Expectation, Role, Scenario, Step, Telling
from mss_sim.scenarios.tree import Fields, Node, NotAScenario, Text, read_tree
from mss_sim.vocabulary.clock import ClockMode, FiredKind
from mss_sim.vocabulary.faults import DropMoment, FaultKind, Point, PresetName
from mss_sim.vocabulary.mailboxes import MailboxKind, SendMode
from mss_sim.vocabulary.scenarios import ACTED, Level, StepType, Verb
from mss_sim.vocabulary.trust import ServiceBehaviour
from mss_sim.words.sentence import say

_HEAD = frozenset({"title", "about", "level", "seed", "actors", "mailboxes", "steps"})
_STEP = frozenset({"en", "fr", "type", "level", "actor", "as", "expect", *(verb.value for verb in Verb)})
_FACTS: dict[Verb, dict[str, Reader]] = {
    Verb.SEND: {"mode": read.one_of(SendMode)},
    Verb.OPEN: {"subject": read.line, "text": read.text, "from": read.line, "sender": read.line},
    Verb.LIST: {"count": read.whole, "unread": read.whole},
    Verb.MAY_WRITE: {"allowed": read.flag, "rule": read.line},
    Verb.ADVANCE: {"happened": read.all_of(FiredKind)},
}
"""What may be expected of a deed, besides that it is refused."""
_ACTION: dict[str, Reader] = {
    "kind": read.one_of(FaultKind),
    "code": read.line,
    "status": read.line,
    "text": read.line,
    "seconds": read.number,
    "bytes_per_second": read.whole,
    "moment": read.one_of(DropMoment),
    "after_bytes": read.whole,
    "words": read.lines,
    "behaviour": read.one_of(ServiceBehaviour),
}
_MATCH: dict[str, Reader] = {name: read.whole if name.startswith("size_") else read.line for name in Match.__slots__}
_PARAMETERS: dict[str, Reader] = {
    "address": read.line,
    "seconds": read.number,
    "bytes_per_second": read.whole,
    "letters": read.whole,
    "requests": read.whole,
    "after_bytes": read.whole,
    "count": read.whole,
    "smtp_words": read.lines,
    "imap_words": read.lines,
    "lifetime_seconds": read.number,
}
_MADE: dict[Verb, Callable[[Scope], set[str]]] = {
    Verb.SEND: lambda scope: scope.letters,
    Verb.WAIT: lambda scope: scope.letters,
    Verb.GRANT: lambda scope: scope.grants,
    Verb.FAULT: lambda scope: scope.faults,
}
"""What a step makes that later ones may name."""


def read_scenario(octets: bytes, *, size_bytes_max: int, steps_max: int) -> Scenario:
    """The scenario of a file in UTF-8; NotAScenario with the line, the step and what to do."""
    head = read.mapping(read_tree(octets, size_bytes_max))
    read.check_names(head, _HEAD)
    for needed in ("title", "steps"):
        if needed not in head.values:
            raise NotAScenario(head.line, say("The scenario has no {name}: add it.", name=needed))
    scope = Scope()
    actors = _named(head, "actors", scope.actors, _role)
    mailboxes = _named(head, "mailboxes", scope.mailboxes, lambda node: _box(scope, node))
    for name in mailboxes.keys() & actors.keys():
        line = read.mapping(head.values["mailboxes"]).lines[name]
        raise NotAScenario(line, say("{name} is an actor already: call the mailbox otherwise.", name=name))
    return Scenario(
        title=_telling(head.values["title"]),
        about=_telling(head.values["about"]) if "about" in head.values else Telling(),
        level=_optional(head, "level", read.one_of(Level)),
        seed=_optional(head, "seed", read.line) or "cabinet",
        actors=actors,
        mailboxes=mailboxes,
        steps=_steps(scope, head.values["steps"], steps_max),
    )


def _steps(scope: Scope, node: Node, steps_max: int) -> tuple[Step, ...]:
    found = node.items if not isinstance(node, Text | Fields) else ()
    if not found:
        raise NotAScenario(node.line, say("A list of steps is expected here, one at least."))
    if len(found) > steps_max:
        raise NotAScenario(node.line, say("A scenario has {most} steps at most: make several of it.", most=steps_max))
    steps = []
    for number, one in enumerate(found, 1):
        try:
            steps.append(_step(scope, read.mapping(one)))
        except NotAScenario as error:
            raise NotAScenario(error.line, error.what, number) from error
    return tuple(steps)


def _step(scope: Scope, node: Fields) -> Step:
    read.check_names(node, _STEP)
    verbs = [verb for verb in Verb if verb.value in node.values]
    if len(verbs) > 1:
        raise NotAScenario(node.line, say("The step does two things, {one} and {two}: make two steps of it.", one=verbs[0], two=verbs[1]))
    verb = verbs[0] if verbs else Verb.NOTE
    en, fr = (_optional(node, language, read.text) for language in ("en", "fr"))
    if not (en or fr):
        raise NotAScenario(node.line, say("The step tells nothing: say what happens under en, fr or both."))
    actor = _optional(node, "actor", lambda _, one: read.person(scope, one))
    if (actor is None) if verb in ACTED else (actor is not None and verb is not Verb.NOTE):
        missing = say("Somebody has to do {verb}: name the actor.", verb=verb)
        too_much = say("Nobody acts in {verb}, it is done to the world: leave actor out.", verb=verb)
        raise NotAScenario(node.line, missing if actor is None else too_much)
    deed = _deed(scope, verb, node.values[verb]) if verbs else Note()
    expects = _expectation(scope, verb, node.values["expect"]) if "expect" in node.values else Expectation()
    return Step(
        line=node.line,
        tells=Telling(en or fr or "", fr or en or ""),
        deed=deed,
        actor=actor,
        called=_called(scope, verb, node, deed, expects),
        expects=expects,
        named_type=_optional(node, "type", read.one_of(StepType)),
        level=_optional(node, "level", read.one_of(Level)),
    )


def _called(scope: Scope, verb: Verb, node: Fields, deed: Deed, expects: Expectation) -> str | None:
    """The name under which later steps know what this one makes; from here on it is known."""
    if "as" not in node.values:
        return None
    name = read.name(node.values["as"])
    if verb not in _MADE or (isinstance(deed, Wait) and deed.none):
        raise NotAScenario(node.lines["as"], say("Nothing is made by this {verb} that a name could be for: leave as out.", verb=verb))
    if expects.refused is not None:
        raise NotAScenario(node.lines["as"], say("What is refused makes nothing: leave as out."))
    for names in (scope.letters, scope.grants, scope.faults):
        if name in names:
            raise NotAScenario(node.lines["as"], say("{name} was given to something already: take another name.", name=name))
    _MADE[verb](scope).add(name)
    return name


def _deed(scope: Scope, verb: Verb, node: Node) -> Deed:
    if verb is Verb.FAULT:
        return _fault(scope, read.mapping(node))
    kind = DEEDS[verb]
    known = {one.name.rstrip("_"): one for one in fields(kind)}
    if isinstance(node, Text) and (node.text or not node.plain) and known:
        first = next(iter(known))
        node = Fields(node.line, {first: node}, {first: node.line})
    if isinstance(node, Text) and not node.text:
        node = Fields(node.line, {}, {})
    given = read.mapping(node)
    read.check_names(given, frozenset(known))
    for name, one in known.items():
        if name not in given.values and one.default is MISSING:
            raise NotAScenario(given.line, say("{verb} needs {name}: add it.", verb=verb, name=name))
    deed = kind(**{known[name].name: known[name].metadata[READER](scope, value) for name, value in given.values.items()})
    if isinstance(deed, Clock):
        _check_pace(given, deed)
    return deed


def _check_pace(given: Fields, deed: Clock) -> None:
    if deed.mode is ClockMode.REAL and deed.at is not None:
        raise NotAScenario(given.line, say("real is the machine's time: leave at out."))
    if (deed.mode is ClockMode.PACED) != bool(deed.rate):
        raise NotAScenario(given.line, say("rate belongs to the mode paced, and paced needs it."))


def _fault(scope: Scope, node: Fields) -> Fault:
    """A fault: `preset` with its parameters, or `point`, `action` and, if wanted, `match`, `nth`, `count`, `seconds`."""
    if "preset" in node.values:
        preset = read.one_of(PresetName)(scope, node.values["preset"])
        given = read.read_all(scope, node, {"preset": read.one_of(PresetName), **_PARAMETERS})
        return Fault(preset=preset, given=tuple((name, value) for name, value in given.items() if name != "preset"))
    read.check_names(node, frozenset({"point", "action", "match", "nth", "count", "seconds"}))
    for needed in ("point", "action"):
        if needed not in node.values:
            raise NotAScenario(node.line, say("{verb} needs {name}: add it.", verb=Verb.FAULT, name=say("preset, or point and action")))
    wanted = read.mapping(node.values["action"])
    action = read.read_all(scope, wanted, _ACTION)
    if "kind" not in action:
        raise NotAScenario(wanted.line, say("{verb} needs {name}: add it.", verb=say("the action"), name="kind"))
    try:
        made = actions.read(action.pop("kind"), action)
    except Refusal as refusal:
        raise NotAScenario(wanted.line, refusal.detail) from refusal
    match = Match(**read.read_all(scope, read.mapping(node.values["match"]), _MATCH)) if "match" in node.values else Match()
    others = read.read_all(scope, node, {"nth": read.count, "count": read.count_or_any, "seconds": read.number}, strict=False)
    return Fault(point=read.one_of(Point)(scope, node.values["point"]), action=made, match=match, **others)


def _expectation(scope: Scope, verb: Verb, node: Node) -> Expectation:
    given, facts = read.mapping(node), _FACTS.get(verb, {})
    known = frozenset(facts) | ({"refused"} if verb in ACTED else set())
    if not known:
        raise NotAScenario(given.line, say("Nothing is expected of {verb}: it says itself what has to come. Leave expect out.", verb=verb))
    read.check_names(given, known)
    if "refused" in given.values:
        if len(given.values) > 1:
            raise NotAScenario(given.line, say("What is refused has nothing else to show: expect refused alone."))
        return Expectation(refused=read.one_of(Rule)(scope, given.values["refused"]))
    return Expectation(facts=tuple((name, facts[name](scope, value)) for name, value in given.values.items()))


def _named(head: Fields, key: str, names: set[str], one: Callable[[Node], Any]) -> dict[str, Any]:
    """What the head calls by names; they are known from here on."""
    if key not in head.values:
        return {}
    given = read.mapping(head.values[key])
    found = {}
    for name, value in given.values.items():
        read.name(Text(given.lines[name], name, plain=True))
        found[name] = one(value)
    names.update(found)
    return found


def _role(node: Node) -> Role:
    if isinstance(node, Text):
        return Role(called=read.line(Scope(), node))
    given = read.mapping(node)
    read.check_names(given, frozenset({"role", "like"}))
    if len(given.values) != 1:
        raise NotAScenario(given.line, say("Say who it is: a login, an idNat or an address, or one of role and like."))
    [(name, value)] = given.values.items()
    return Role(**{name: read.line(Scope(), value)})


def _box(scope: Scope, node: Node) -> Box:
    if isinstance(node, Text):
        if "@" not in node.text:
            raise NotAScenario(node.line, say("An address is expected here, or of and kind: the mailbox of that kind that an actor holds."))
        return Box(address=read.mailbox(scope, node))
    given = read.mapping(node)
    found = read.read_all(scope, given, {"of": read.person, "kind": read.one_of(MailboxKind)})
    if len(found) < len(("of", "kind")):
        raise NotAScenario(given.line, say("An address is expected here, or of and kind: the mailbox of that kind that an actor holds."))
    return Box(**found)


def _telling(node: Node) -> Telling:
    if isinstance(node, Text):
        plain = read.text(Scope(), node)
        return Telling(plain, plain)
    given = read.read_all(Scope(), read.mapping(node), {"en": read.text, "fr": read.text})
    if not given:
        raise NotAScenario(node.line, say("Write a text, or one under en and one under fr."))
    any_ = next(iter(given.values()))
    return Telling(given.get("en", any_), given.get("fr", any_))


def _optional(node: Fields, name: str, reader: Callable[[Scope, Node], Any]) -> Any:
    return reader(Scope(), node.values[name]) if name in node.values else None
