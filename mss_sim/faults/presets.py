"""Troubles of the field as rules that are ready: one table.

A preset is a list of wanted rules and the parameters that change them. A parameter that a preset does not take is refused; a parameter
that it needs, and that is not given, too.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mss_sim.faults.actions import Action, Delay, Drop, Hold, Malformed, Mask, Renew, Reply, Skew, Throttle, Truncate, bad
from mss_sim.faults.rules import Match
from mss_sim.vocabulary.faults import END_OF_DATA, DropMoment, Point, PresetName
from mss_sim.vocabulary.mailboxes import PATIENT_DOMAIN, SpecialUse
from mss_sim.words.sentence import Sentence, say

_DAY = 86_400.0
_PATIENTS = f"*@{PATIENT_DOMAIN}"
_SMTP_EXTRAS = frozenset({"PIPELINING", "8BITMIME", "SMTPUTF8", "DSN"})
_IMAP_EXTRAS = frozenset(
    {
        *(
            "ID",
            "ENABLE",
            "IDLE",
            "NAMESPACE",
            "UIDPLUS",
            "MOVE",
            "ACL",
            "QUOTA",
            "SORT",
            "THREAD=REFERENCES",
            "COMPRESS=DEFLATE",
            "ESEARCH",
        ),
        *(
            "CONDSTORE",
            "QRESYNC",
            "LIST-EXTENDED",
            "LIST-STATUS",
            "SPECIAL-USE",
            "UNSELECT",
            "BINARY",
            "OBJECTID",
            "MULTIAPPEND",
            "SEARCHRES",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class WantedRule:
    """A rule that is still to be made."""

    point: Point
    action: Action
    match: Match = field(default_factory=Match)
    nth: int = 1
    count: int | None = None
    seconds: float = _DAY


@dataclass(frozen=True, slots=True)
class Preset:
    """`does`: one sentence; `takes`: each parameter with its default, None where it must be given."""

    does: Sentence
    rules: Callable[[Mapping[str, Any]], tuple[WantedRule, ...]]
    takes: Mapping[str, Any]


def _mes_down(given: Mapping[str, Any]) -> tuple[WantedRule, ...]:
    down = Match(recipient=given["address"])
    text = say("the patients' operator is down")
    return (
        WantedRule(Point.MX, Reply("421", "4.3.2", text), replace(down, verb="RCPT")),
        WantedRule(Point.DELIVERY, Reply("451", "4.3.2", text), down),
    )


def _drop_after_data(given: Mapping[str, Any]) -> tuple[WantedRule, ...]:
    match = Match(address=given["address"], verb=END_OF_DATA)
    return (WantedRule(Point.SUBMISSION, Drop(DropMoment.UNANSWERED), match, count=given["count"]),)


def _slow_imap(given: Mapping[str, Any]) -> tuple[WantedRule, ...]:
    return (
        WantedRule(Point.IMAP, Throttle(given["bytes_per_second"]), Match(verb="FETCH")),
        WantedRule(Point.IMAP, Throttle(given["bytes_per_second"]), Match(verb="UID FETCH")),
        WantedRule(Point.IMAP, Delay(given["seconds"])),
    )


def _poor_operator(given: Mapping[str, Any]) -> tuple[WantedRule, ...]:
    smtp, imap = frozenset(given["smtp_words"]), frozenset(given["imap_words"])
    return (
        WantedRule(Point.SUBMISSION, Mask(smtp)),
        WantedRule(Point.MX, Mask(smtp)),
        WantedRule(Point.IMAP, Mask(imap)),
    )


_OF_THE_DIRECTORY: dict[PresetName, Preset] = {
    PresetName.DIRECTORY_502: Preset(
        say("The gateway of the directory answers 502 without a body, as it did on requests that had worked."),
        lambda given: (WantedRule(Point.DIRECTORY, Reply("502", "", say("Request Failed: Invalid URL format")), count=given["count"]),),
        {"count": None},
    ),
    PresetName.DIRECTORY_504: Preset(
        say("The gateway of the directory answers 504 with an empty body."),
        lambda given: (WantedRule(Point.DIRECTORY, Reply("504", "", say("the directory is late")), count=given["count"]),),
        {"count": None},
    ),
    PresetName.DIRECTORY_404: Preset(
        say("The gateway of the directory answers 404 to everything."),
        lambda _: (WantedRule(Point.DIRECTORY, Reply("404", "", say("No context-path matches the request URI."))),),
        {},
    ),
    PresetName.DIRECTORY_SLOW: Preset(
        say("The directory answers late."), lambda given: (WantedRule(Point.DIRECTORY, Delay(given["seconds"])),), {"seconds": 10.0}
    ),
    PresetName.DIRECTORY_RATE_LIMIT: Preset(
        say("After some requests the gateway of the directory answers 429."),
        lambda given: (WantedRule(Point.DIRECTORY, Reply("429", "", say("too many requests")), nth=given["requests"] + 1),),
        {"requests": 17},
    ),
    PresetName.DIRECTORY_NEXT_BROKEN: Preset(
        say("The first page of a search is there, and the next ones are not."),
        lambda _: (WantedRule(Point.DIRECTORY, Reply("500", "", say("the page is not there")), Match(verb="PAGE")),),
        {},
    ),
    PresetName.EXTRACTION_AHEAD: Preset(
        say("Searches of the directory go on showing the state of now, while its files show what happens."),
        lambda _: (WantedRule(Point.DIRECTORY_INDEX, Hold()),),
        {},
    ),
    PresetName.EXTRACTION_BROKEN: Preset(
        say("The daily files of the directory break off: what comes is no archive."),
        lambda given: (WantedRule(Point.DIRECTORY, Truncate(given["after_bytes"]), Match(verb="EXTRACTION")),),
        {"after_bytes": 1_000},
    ),
}
"""Of the national directory, as strangers saw it fail between 2023 and 2026 (ref: ans-annuaire)."""


PRESETS: dict[PresetName, Preset] = {
    PresetName.MES_DOWN: Preset(
        say("The operator of patients answers 421 4.3.2 to whoever brings a letter; letters wait."), _mes_down, {"address": _PATIENTS}
    ),
    PresetName.MES_ACCEPTS_PORTAL_DOWN: Preset(
        say("Letters arrive, and no patient does anything."),
        lambda given: (WantedRule(Point.PATIENT, Hold(), Match(address=given["address"])),),
        {"address": _PATIENTS},
    ),
    PresetName.MES_WRONG_BOUNCES: Preset(
        say("Notifications of failure from the patients' operator are malformed."),
        lambda given: (WantedRule(Point.BOUNCE, Malformed(), Match(address=given["address"])),),
        {"address": _PATIENTS},
    ),
    PresetName.PSC_DOWN: Preset(
        say("Pro Sante Connect answers 503."), lambda _: (WantedRule(Point.PSC, Reply("503", "", say("Pro Sante Connect is down"))),), {}
    ),
    PresetName.PSC_SLOW: Preset(
        say("Pro Sante Connect answers late."), lambda given: (WantedRule(Point.PSC, Delay(given["seconds"])),), {"seconds": 8.0}
    ),
    PresetName.DROP_AFTER_DATA: Preset(
        say("The letter is taken, and the connection breaks before the client knows."), _drop_after_data, {"address": None, "count": 1}
    ),
    PresetName.RATE_LIMIT_421: Preset(
        say("After some letters MAIL is answered 421 4.7.0."),
        lambda given: (
            WantedRule(Point.SUBMISSION, Reply("421", "4.7.0", say("too many letters")), Match(verb="MAIL"), nth=given["letters"] + 1),
        ),
        {"letters": 5},
    ),
    PresetName.SLOW_IMAP: Preset(say("IMAP answers late, and letters trickle."), _slow_imap, {"seconds": 2.0, "bytes_per_second": 2_000}),
    PresetName.UIDVALIDITY_CHANGE: Preset(
        say("Folders of a mailbox have a new UIDVALIDITY when they are selected next."),
        lambda given: (WantedRule(Point.IMAP, Renew(), Match(address=given["address"]), count=given["count"]),),
        {"address": ..., "count": 1},
    ),
    PresetName.APPEND_TO_SENT_FAILS: Preset(
        say("APPEND into Sent is answered NO."),
        lambda given: (
            WantedRule(
                Point.IMAP,
                Reply("NO", "UNAVAILABLE", say("the letter was not filed")),
                Match(address=given["address"], verb="APPEND", folder=SpecialUse.SENT.value),
            ),
        ),
        {"address": None},
    ),
    PresetName.POOR_OPERATOR: Preset(
        say("SMTP and IMAP offer less, and refuse what they do not offer."),
        _poor_operator,
        {"smtp_words": sorted(_SMTP_EXTRAS), "imap_words": sorted(_IMAP_EXTRAS)},
    ),
    PresetName.CLOCK_SKEW: Preset(
        say("Tokens of Pro Sante Connect are of another time."),
        lambda given: (WantedRule(Point.CLOCK, Skew(given["seconds"])),),
        {"seconds": 600.0},
    ),
    **_OF_THE_DIRECTORY,
}


def wanted(name: PresetName, given: Mapping[str, Any]) -> tuple[WantedRule, ...]:
    """The rules of a preset with these parameters; Refusal(INVALID) for one that it does not take, or needs.

    All take `lifetime_seconds`.
    """
    preset = PRESETS[name]
    lifetime = given.get("lifetime_seconds")
    values = dict(preset.takes)
    for parameter, value in given.items():
        if parameter == "lifetime_seconds":
            continue
        if parameter not in values:
            takes = ", ".join([*values, "lifetime_seconds"])
            raise bad(
                parameter, say("The preset {name} takes {takes}: leave {parameter} out.", name=name.value, takes=takes, parameter=parameter)
            )
        values[parameter] = value
    for parameter, value in values.items():
        if value is ...:
            raise bad(parameter, say("The preset {name} needs {parameter}.", name=name.value, parameter=parameter))
    return tuple(one if lifetime is None else replace(one, seconds=lifetime) for one in preset.rules(values))
