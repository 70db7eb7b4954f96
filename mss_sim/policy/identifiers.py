"""National identifiers: their shapes and check digits.

A wrong key is a warning: the published samples of the ANS break their own keys (ref: ans-idnps). Only that of an INS is refused, by a
setting. What a patient's number holds is read in `policy/ins.py`.
"""

from mss_sim.policy.ins import InsError, parse_ins, wrong_key
from mss_sim.vocabulary.mailboxes import IdentityKind, MailboxKind
from mss_sim.words.sentence import Sentence, say, sentence_of

_STRUCTURE_LENGTHS = {"3": 9, "4": 9, "5": 14, "6": 14}


def luhn_holds(digits: str) -> bool:
    """Whether a number ends with its Luhn digit: RPPS over 11 digits, FINESS and SIREN over 9, SIRET over 14."""
    if not (digits.isascii() and digits.isdigit()):
        return False
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def with_luhn(digits: str) -> str:
    """A number with the Luhn digit that it ends with."""
    total = sum(_DOUBLED[digit] if place % 2 == 0 else ord(digit) - 48 for place, digit in enumerate(reversed(digits)))
    return f"{digits}{-total % 10}"


_DOUBLED = {str(digit): 2 * digit - 9 if digit > 4 else 2 * digit for digit in range(10)}


def warnings(idnat: str, kind: IdentityKind) -> list[Sentence]:
    """What is unusual about an idNat for an identity of that kind; empty when nothing is (ref: ans-idnps)."""
    if kind is IdentityKind.PROFESSIONAL:
        ok = idnat.startswith("8") and len(idnat) == 12 and luhn_holds(idnat[1:])
        return [] if ok else [say("A professional's idNat is 8 and an RPPS of 11 digits that ends with its Luhn digit.")]
    if kind is IdentityKind.PATIENT:
        try:
            ins = parse_ins(idnat)
        except InsError as error:
            return [sentence_of(error)]
        odd = wrong_key(ins)
        return [odd] if odd else []
    if kind is IdentityKind.EMPLOYEE:
        return _employee_warnings(idnat)
    return []


def address_warnings(address: str, kind: MailboxKind) -> list[Sentence]:
    """What is unusual about the address of a mailbox: a patient's local part is the INS, without more (ref: quirks#patient-address)."""
    return warnings(address.partition("@")[0], IdentityKind.PATIENT) if kind is MailboxKind.PATIENT else []


def _employee_warnings(idnat: str) -> list[Sentence]:
    if idnat.startswith("8"):  # RPPS+: an employee with an RPPS number
        return [] if len(idnat) == 12 and luhn_holds(idnat[1:]) else [say("The RPPS in this idNat does not end with its Luhn digit.")]
    structure, _, internal = idnat[1:].partition("/")
    if not internal or len(structure) != _STRUCTURE_LENGTHS.get(idnat[:1]):
        return [say("An employee's idNat is 3+FINESS, 4+SIREN, 5+SIRET or 6+practice, a slash and an internal number.")]
    return [] if luhn_holds(structure) else [say("The structure number in this idNat does not end with its Luhn digit.")]
