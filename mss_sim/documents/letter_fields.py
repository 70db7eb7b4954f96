"""The fields X-MSS-* of a letter, held against its documents (ref: ref2#ECO.2.4.1, ref2#ECO.2.4.2, ref2#ECO.2.4.3, ref2#ECO.2.2.8)."""

from collections import Counter
from collections.abc import Sequence

from mss_sim.documents import letter_kinds as kinds
from mss_sim.documents.cda import Cda
from mss_sim.documents.findings import Notes
from mss_sim.documents.practice import Practice
from mss_sim.mail.headers import Headers
from mss_sim.vocabulary.documents import HEADER_CODES, HEADER_INS, HEADER_PRODUCT, FindingLevel
from mss_sim.vocabulary.mail import HEADER_MES, HEADER_MES_FIN

_QUALIFIED, _NOT_QUALIFIED = "O", "N"


def codes_of(cdas: Sequence[Cda]) -> str:
    """What X-MSS-CODECDA says of documents: the type of each, as often as it is there."""
    return ",".join(cda.type.code for cda in cdas)


def qualified(cdas: Sequence[Cda], roots: frozenset[str]) -> str:
    """What X-MSS-INS says of them."""
    return _QUALIFIED if any(cda.qualified(roots) for cda in cdas) else _NOT_QUALIFIED


def check_fields(headers: Headers, cdas: Sequence[Cda], document: str, practice: Practice, notes: Notes) -> None:
    """The two fields that tell of documents, for a letter whose documents could all be read."""
    codes, ins = (headers.text(name) for name in (HEADER_CODES, HEADER_INS))
    wanted = codes_of(cdas)
    if not codes:
        notes.add(kinds.CODES_MISSING, document, HEADER_CODES, expected=wanted)
    elif Counter(one.strip() for one in codes.split(",")) != Counter(wanted.split(",")):
        notes.add(kinds.CODES_DIFFER, document, HEADER_CODES, seen=codes, expected=wanted)
    elif codes != codes.replace(" ", ""):
        notes.add(kinds.CODES_BLANKS, document, HEADER_CODES, seen=codes, expected=wanted)
    computed = qualified(cdas, practice.roots)
    if not ins:
        notes.add(kinds.INS_MISSING, document, HEADER_INS, expected=computed)
    elif ins != computed:
        notes.add(kinds.INS_DIFFERS, document, HEADER_INS, seen=ins, expected=computed)


def check_no_documents(headers: Headers, document: str, notes: Notes) -> None:
    """The same two of a letter without an archive."""
    for name, kind in ((HEADER_CODES, kinds.CODES_ALONE), (HEADER_INS, kinds.INS_ALONE)):
        if headers.text(name) is not None:
            notes.add(kind, document, name, seen=headers.text(name))


def check_product(headers: Headers, document: str, practice: Practice, notes: Notes, *, report: bool) -> None:
    """The reference of the software; whether a receipt needs it too is open, so that it is a warning there."""
    product = headers.text(HEADER_PRODUCT)
    level = FindingLevel.WARNING if report else None
    if not product:
        notes.add(kinds.PRODUCT_MISSING, document, HEADER_PRODUCT, expected=practice.product, level=level)
    elif practice.product is not None and product != practice.product:
        notes.add(kinds.PRODUCT_DIFFERS, document, HEADER_PRODUCT, seen=product, expected=practice.product, level=level)


def check_closing(headers: Headers, document: str, notes: Notes, *, to_patient: bool) -> None:
    """The field that closes an exchange."""
    value = headers.text(HEADER_MES)
    if value is None:
        return
    if value != HEADER_MES_FIN:
        notes.add(kinds.CLOSING_VALUE, document, HEADER_MES, seen=value, expected=HEADER_MES_FIN)
    elif not to_patient:
        notes.add(kinds.CLOSING_USELESS, document, HEADER_MES, seen=value)
