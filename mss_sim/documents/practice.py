"""What counts where the texts leave a choice, or nothing is public: the settings of a world, as the readers need them."""

from collections.abc import Callable
from dataclasses import dataclass

from mss_sim.documents.schematron import Rules
from mss_sim.vocabulary.documents import FindingLevel
from mss_sim.vocabulary.patients import InsOid
from mss_sim.words.sentence import Sentence


def _faultless(_number: str) -> Sentence | None:
    return None


@dataclass(frozen=True, slots=True)
class Practice:
    """Limits are in bytes where the name says so, else in pieces (docs/quirks.md#document-limits).

    `roots`: who may have given the number of a qualified identity; `product`: the reference that X-MSS-NIL has to hold, None for any;
    `schematron`: rules of others that are run beside ours; `fault_of_ins`: what is wrong with a number of an INS, None when nothing is;
    `wrong_key`: how much a wrong key weighs.
    """

    entries_max: int = 50
    expanded_bytes_max: int = 64 * 1024**2
    ratio_max: int = 100
    xml_bytes_max: int = 10 * 1024**2
    pdf_objects_max: int = 5_000
    findings_max: int = 500
    roots: frozenset[str] = frozenset(InsOid)
    product: str | None = None
    schematron: Rules | None = None
    fault_of_ins: Callable[[str], Sentence | None] = _faultless
    wrong_key: FindingLevel = FindingLevel.WARNING
