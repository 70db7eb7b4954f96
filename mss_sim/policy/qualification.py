"""Whether a patient's address comes from a qualified identity, and what becomes of a letter to one that does not (ref: ref2#ECO.2.2.6).

An address holds the number without its root (OID), so that all identities with that number count:

| the local part                                      | accepted | warned | refused                |
|-----------------------------------------------------|----------|--------|------------------------|
| an INS with a wrong key, where keys are checked strictly | REFUSE bad-address | the same | the same   |
| is no INS                                           | -        | WARN   | REFUSE patient-not-qualified |
| the number of nobody who is known here              | -        | WARN   | REFUSE patient-not-qualified |
| the number of provisional identities alone          | -        | WARN   | REFUSE patient-not-qualified |
| of a qualified identity, but its key is wrong       | -        | WARN   | WARN                   |
| of a qualified patient who opposed                  | -        | WARN   | WARN                   |
| of a qualified identity, Mon espace santé open, closed or never made | - | - | -            |

Whether a mailbox is there, and open, is the next question (`policy/routing.py`). An opposition is not seen on the wire: the software asks
its user, who may insist, hence a warning at most (ref: client-requirements#4.4).

What number and record say differently is a warning too, since a sex or a name is corrected in the civil register and the number stays.
"""

from collections.abc import Collection
from datetime import date
from typing import NamedTuple

from mss_sim.errors import Refusal, Rule
from mss_sim.policy.ins import Ins, InsError, parse_ins, wrong_key
from mss_sim.vocabulary.patients import KeyCheck, PatientState, Sex, Unqualified
from mss_sim.words.sentence import Sentence, say, sentence_of

_PROVEN = frozenset(PatientState) - {PatientState.PROVISIONAL}


class Traits(NamedTuple):
    """The traits of an identity, as far as they are known; `birth_place` has the five characters of a commune or of 99 and a country."""

    birth_name: str = ""
    given_names: str = ""
    birth_date: date | None = None
    sex: Sex | None = None
    birth_place: str = ""


def decide_key(text: str, key_check: KeyCheck) -> None:
    """Refuse a number with a wrong key where keys are checked strictly; what is no number at all is judged elsewhere."""
    try:
        odd = wrong_key(parse_ins(text))
    except InsError:
        return
    if odd and key_check is KeyCheck.STRICT:
        raise Refusal(Rule.INVALID, odd, subject=text, reference="quirks#ins-key")


def decide_identity(text: str, state: PatientState, traits: Traits, key_check: KeyCheck) -> Ins:
    """The number of an identity that is to be recorded; Refusal for what no identity may be."""
    try:
        ins = parse_ins(text)
    except InsError as error:
        raise Refusal(Rule.INVALID, sentence_of(error), subject=text[:100], reference="ans-ins") from error
    decide_key(text, key_check)
    missing = [name for name, value in zip(Traits._fields, traits, strict=True) if not value]
    if missing and state in _PROVEN:
        detail = say("An identity is {state} with all its traits; {missing} is missing.", state=state, missing=", ".join(missing))
        raise Refusal(Rule.INVALID, detail, subject=text, reference="ans-ins")
    return ins


def disagreements(ins: Ins, state: PatientState, traits: Traits) -> list[Sentence]:
    """Where an identity's number and its record say different things."""
    found = []
    if ins.provisional and state in _PROVEN:
        found.append(say("The number begins with {digit}: it is provisional.", digit=ins.number[0]))
    if ins.sex and traits.sex and ins.sex is not traits.sex:
        found.append(say("The number tells the sex {sex}, the record {other}.", sex=ins.sex, other=traits.sex))
    if traits.birth_date:
        year, month = traits.birth_date.year, traits.birth_date.month
        if year not in ins.birth_years:
            found.append(say("The number tells a year of birth in {years}, the record {year}.", years=ins.number[1:3], year=year))
        if ins.birth_month not in (None, month):
            found.append(say("The number tells the month of birth {month}, the record {other}.", month=ins.birth_month, other=month))
    if traits.birth_place and traits.birth_place != ins.birth_place:
        found.append(
            say("The number tells the place of birth {place}, the record {other}.", place=ins.birth_place, other=traits.birth_place)
        )
    return found


def decide_addressee(address: str, states: Collection[PatientState], unqualified: Unqualified, key_check: KeyCheck) -> Sentence | None:
    """What the sender of a letter to that patient's address is warned of, None when nothing is odd; Refusal as in the table.

    `states` are those of all identities with the number of the address.
    """
    proven = _PROVEN.intersection(states)
    try:
        odd = wrong_key(parse_ins(address.rpartition("@")[0]))
    except InsError as error:
        odd = sentence_of(error)
    else:
        if odd and key_check is KeyCheck.STRICT:
            raise Refusal(Rule.BAD_ADDRESS, odd, subject=address, reference="quirks#ins-key")
        if not odd and not proven:
            odd = say("The identity is provisional.") if states else say("No identity with this number is known here.")
    if unqualified is Unqualified.ACCEPTED or not (odd or PatientState.OPPOSED in states):
        return None
    if proven:
        return odd or say("The patient {address} objects to letters by MSSanté.", address=address)
    detail = say("No qualified identity backs the address {address}. {why}", address=address, why=odd)
    if unqualified is Unqualified.REFUSED:
        raise Refusal(Rule.PATIENT_NOT_QUALIFIED, detail, subject=address, reference="quirks#qualified-identity")
    return detail
