"""A report as the store knows it: of servers and of readers, read from the parts of a letter (ref: rfc3464, rfc8098)."""

from typing import NamedTuple

from mss_sim.mail import dsn, mdn
from mss_sim.mail.mime import Part
from mss_sim.vocabulary.mail import Disposition, DsnAction, ReceiptFamily, TimelineKind

_DISPOSITIONS: dict[Disposition, TimelineKind] = {
    Disposition.DISPLAYED: TimelineKind.DISPLAYED,
    Disposition.PROCESSED: TimelineKind.PROCESSED,
    Disposition.DISPATCHED: TimelineKind.PROCESSED,
    Disposition.DELETED: TimelineKind.PROCESSED,
}
_ACTIONS: dict[DsnAction, TimelineKind] = {
    DsnAction.DELIVERED: TimelineKind.DELIVERED,
    DsnAction.RELAYED: TimelineKind.RELAYED,
    DsnAction.EXPANDED: TimelineKind.RELAYED,
    DsnAction.DELAYED: TimelineKind.DELAYED,
    DsnAction.FAILED: TimelineKind.FAILED,
}


class RecipientReport(NamedTuple):
    """What a report says about one recipient. `known_as`: the addresses by which the sender may know them, the likeliest first."""

    address: str
    known_as: tuple[str, ...]
    kind: TimelineKind
    detail: str
    failed: bool = False
    family: ReceiptFamily | None = None

    @property
    def is_receipt(self) -> bool:
        """Whether a reader says it, not a mail server."""
        return self.kind in _DISPOSITIONS.values()


class Report(NamedTuple):
    """A report, parsed once: which letter it is about, by its Message-ID or its envelope id, and the outcome for each recipient."""

    message_id: str | None
    envelope_id: str | None
    recipients: tuple[RecipientReport, ...]

    def is_receipt_of(self, address: str) -> bool:
        """Whether it is a read receipt from that mailbox and no other."""
        return all(one.is_receipt and one.address == address for one in self.recipients)


def read_report(raw: bytes, root: Part) -> Report | None:
    """The report in a letter, by its bytes and the part that they were parsed to; None when it cannot be read."""
    status = dsn.parse(raw, root)
    if status is not None:
        rows = (RecipientReport(one.address, one.known_as, _ACTIONS[one.action], one.diagnostic or one.status) for one in status.recipients)
        return Report(status.message_id, status.envelope_id, tuple(rows))
    receipt = mdn.parse(raw, root)
    if receipt is None or receipt.original_message_id is None or receipt.final_recipient is None:
        return None
    detail = receipt.disposition.value + ("/error" if receipt.failed else "") + (f": {receipt.error}" if receipt.error else "")
    kind = _DISPOSITIONS[receipt.disposition]
    told = RecipientReport(receipt.final_recipient, receipt.known_as, kind, detail, receipt.failed, receipt.family)
    return Report(receipt.original_message_id, None, (told,))
