"""Notifications, receipts and returned letters as they are written, octet for octet: their fields, their words and their parts."""

import re

import pytest

from mss_sim.clock import DAY, SECOND
from mss_sim.mail import dsn, dsn_forms, mdn, returned_plain
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.mail import Disposition, DsnAction

_AT = 1_767_600_000 * SECOND + 999_999
_LETTER = b"Message-ID: <l1@sim.mssante.fr>\r\nSubject: Bilan\r\n\r\nBonjour\r\n"
_FAILED = dsn.RecipientStatus(
    *("bea@sim.mssante.fr", DsnAction.FAILED, "5.2.1", "550 La boîte\r\nest fermée"),
    original="rfc822;Bea@sim.mssante.fr",
    remote_mta="192.0.2.1",
)
_DELAYED = dsn.RecipientStatus("béa@sim.mssante.fr", DsnAction.DELAYED, "4.4.1", "450 Plus tard, à midi", will_retry_until=_AT + DAY)


def _notification(*statuses: dsn.RecipientStatus, letter: bytes = _LETTER, told: tuple[str, str] | None = None) -> bytes:
    envelope = dsn.DsnEnvelope("ana@sim.mssante.fr", _AT - DAY, "E-1", return_full=True, raw=letter)
    return dsn.compose(
        envelope,
        statuses,
        reporting_mta="mx.sim.mssante.fr",
        from_="mailer-daemon@sim.mssante.fr",
        message_id="<d1@sim.mssante.fr>",
        at=_AT,
        language=Language.FR,
        told=told,
    )


def _receipt(error: str | None = None) -> bytes:
    receipt = mdn.Receipt(
        final_recipient="bea@sim.mssante.fr",
        name="Béa PETIT",
        to=("Ana", "ana@sim.mssante.fr"),
        original_message_id="<l1@sim.mssante.fr>",
        original_subject="Bilan",
        original_raw=_LETTER,
        disposition=Disposition.PROCESSED,
        automatic_action=True,
        error=error,
    )
    return mdn.compose(receipt, reporting_ua="mss-sim; 1", message_id="<r1@sim.mssante.fr>", at=_AT, language=Language.FR)


def _shown(raw: bytes) -> str:
    """A message with a name in the place of its boundary, which is a digest."""
    boundary = re.search(rb'boundary="([^"]+)"', raw)
    assert boundary
    assert re.fullmatch(rb"(?:report|returned)-[0-9a-f]{32}", boundary[1])
    assert raw.count(b"\r\n") == raw.count(b"\n")
    return raw.replace(boundary[1], b"BOUNDARY").decode().replace("\r\n", "\n")


def _report(top: str, kind: str, told: str, machine: str, original: str, *, is_ascii: bool = True) -> str:
    """A report of three parts; `top`: the fields of its own, `told`: its text, which has accents, `machine`: octets of `is_ascii`."""
    return f"""{top}MIME-Version: 1.0
Content-Type: multipart/report; report-type="{kind}";
 boundary="BOUNDARY"
Content-Transfer-Encoding: 8bit

--BOUNDARY
Content-Type: text/plain; charset=utf-8
Content-Language: fr
Content-Transfer-Encoding: 8bit

{told}
--BOUNDARY
Content-Type: message/{kind}
Content-Transfer-Encoding: {"7bit" if is_ascii else "8bit"}

{machine}
--BOUNDARY
Content-Type: {original}
--BOUNDARY--
"""


_NOTIFICATION = """Message-ID: <d1@sim.mssante.fr>
Date: Mon, 05 Jan 2026 08:00:00 +0000
From: Messagerie <mailer-daemon@sim.mssante.fr>
To: ana@sim.mssante.fr
Subject: {subject}
Auto-Submitted: auto-replied
"""
_ANSWER = "In-Reply-To: <l1@sim.mssante.fr>\nReferences: <l1@sim.mssante.fr>\n"
_UNDELIVERED = _NOTIFICATION.format(subject="=?utf-8?q?Message_non_distribu=C3=A9?=")
_RECEIPT = """Message-ID: <r1@sim.mssante.fr>
Date: Mon, 05 Jan 2026 08:00:00 +0000
From: =?utf-8?b?QsOpYSBQRVRJVA==?= <bea@sim.mssante.fr>
To: Ana <ana@sim.mssante.fr>
Subject: {subject}
"""
_ABOUT = "Original-Envelope-Id: E-1\nReporting-MTA: dns; mx.sim.mssante.fr\nArrival-Date: Sun, 04 Jan 2026 08:00:00 +0000\n\n"
_NAMED = "Original-Recipient: rfc822;Bea@sim.mssante.fr\nFinal-Recipient: rfc822; bea@sim.mssante.fr\nAction: failed\n"
_OF_BEA = "Status: 5.2.1\nRemote-MTA: dns; [192.0.2.1]\nDiagnostic-Code: smtp; 550 La boite  est fermee\n"
_WORDS = """Votre message n’a pas pu être remis aux destinataires suivants :

  bea@sim.mssante.fr (550 La boîte  est fermée)
"""
_LATER = """Final-Recipient: utf-8; béa@sim.mssante.fr
Action: delayed
Status: 4.4.1
Diagnostic-Code: smtp; 450 Plus tard, à midi
Will-Retry-Until: Tue, 06 Jan 2026 08:00:00 +0000
"""
_TOLD = """Reporting-UA: mss-sim; 1
Final-Recipient: rfc822; bea@sim.mssante.fr
Original-Message-ID: <l1@sim.mssante.fr>
Disposition: automatic-action/MDN-sent-manually; processed"""
_WHOLE = "message/rfc822\nContent-Transfer-Encoding: 7bit\n\nMessage-ID: <l1@sim.mssante.fr>\nSubject: Bilan\n\nBonjour\n"
_HEAD = "text/rfc822-headers\nContent-Transfer-Encoding: {encoding}\n\nMessage-ID: <l1@sim.mssante.fr>\nSubject: Bilan\n"
_STATUS, _DISPOSITION = "delivery-status", "disposition-notification"


def test_a_notification_of_failure_gives_the_whole_letter_back() -> None:
    assert _shown(_notification(_FAILED)) == _report(_UNDELIVERED + _ANSWER, _STATUS, _WORDS, _ABOUT + _NAMED + _OF_BEA, _WHOLE)


def test_a_notification_of_delay_tells_of_each_and_gives_the_header_back() -> None:
    told = "Pas encore.\n\n" + "  béa@sim.mssante.fr (450 Plus tard, à midi)\n" * 2
    assert _shown(_notification(_DELAYED, _DELAYED, told=("Retard", "Pas encore."))) == _report(
        _NOTIFICATION.format(subject="Retard") + _ANSWER,
        *(_STATUS, told, f"{_ABOUT}{_LATER}\n{_LATER}", _HEAD.format(encoding="7bit")),
        is_ascii=False,
    )


@pytest.mark.parametrize(
    ("error", "subject", "words", "machine"),
    [
        (None, "Bilan", "Le message « Bilan » envoyé à bea@sim.mssante.fr a été traité.", f"{_TOLD}\n"),
        (
            "902^Inconnu",
            "=?utf-8?b?W0tPIEludMOpZ3JhdGlvbiBzeXN0w6htZSAhXVs5MDJdIEJpbGFu?=",
            "Le message « Bilan » envoyé à bea@sim.mssante.fr n’a pas pu être traité : 902^Inconnu",
            f"{_TOLD}/error\nError: 902^Inconnu\n",
        ),
    ],
)
def test_a_receipt_tells_what_was_done(error: str | None, subject: str, words: str, machine: str) -> None:
    top = f"{_RECEIPT.format(subject=subject)}{_ANSWER}Auto-Submitted: no\n"
    assert _shown(_receipt(error)) == _report(top, _DISPOSITION, f"{words}\n", machine, _WHOLE)


_PLAIN = """Subject: Retour
MIME-Version: 1.0
Content-Type: multipart/mixed;
 boundary="BOUNDARY"
Content-Transfer-Encoding: 8bit

--BOUNDARY
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Inconnu
à Nîmes.

--BOUNDARY
Content-Type: {original}
--BOUNDARY--
"""


@pytest.mark.parametrize(("whole", "original"), [(True, _WHOLE.replace("7bit", "8bit")), (False, _HEAD.format(encoding="8bit"))])
def test_a_letter_that_is_returned_in_plain_words_is_behind_them(whole: bool, original: str) -> None:
    made = returned_plain.compose([("Subject", ["Retour"])], "Inconnu\nà Nîmes.", _LETTER, whole=whole)
    assert _shown(made) == _PLAIN.format(original=original)
    answer = ("In-Reply-To", ["<l1@b.fr>"])
    made = returned_plain.compose([answer, ("Subject", ["Retour"]), answer], "Inconnu\nà Nîmes.", _LETTER, whole=whole)
    assert _shown(dsn_forms.deformed(made, "m1")) == "X-Fault: m1\n" + _PLAIN.format(original=original)


def test_a_deformed_notification_names_neither_letter_nor_recipient_and_its_letter_is_left_alone() -> None:
    assert _shown(dsn_forms.deformed(_notification(_FAILED), "m1")) == "X-Fault: m1\n" + _report(
        _UNDELIVERED, _STATUS, _WORDS, _ABOUT + _OF_BEA, _WHOLE
    )
    inner = _notification(_FAILED)
    made = dsn_forms.deformed(_notification(_FAILED, letter=inner), "m1")
    assert made.count(inner) == 1
