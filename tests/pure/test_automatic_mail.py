"""What a mailbox does by itself with a letter, as one table; and what the header of a letter says about machines."""

import pytest

from mss_sim.clock import DAY
from mss_sim.mail.automatic import AutomaticMarks, automatic_marks
from mss_sim.mail.headers import read_headers
from mss_sim.policy.automatic_mail import Arrival, not_forwarded, silence
from mss_sim.vocabulary.mail import Silence

BOX, SENDER, TARGET = "tilleuls@cabinet.sim.mssante.fr", "paul@hopital.sim.mssante.fr", "camille@medecin.sim.mssante.fr"
NOW = 100 * DAY


def _arrival(**facts: object) -> Arrival:
    values: dict[str, object] = {"mailbox": BOX, "sender": SENDER, "named": {BOX}, **facts}
    return Arrival(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "answered_at", "answer", "forward"),
    [
        ({"sender": ""}, None, Silence.REPORT, Silence.REPORT),
        ({"is_report": True}, None, Silence.REPORT, Silence.REPORT),
        ({"sender": "", "automatic": True}, None, Silence.REPORT, Silence.REPORT),
        ({"automatic": True}, None, Silence.AUTOMATIC, Silence.AUTOMATIC),
        ({"automatic": True, "bulk": True}, None, Silence.AUTOMATIC, Silence.AUTOMATIC),
        ({"bulk": True}, None, Silence.LIST, None),
        ({"sender": "mailer-daemon@hopital.sim.mssante.fr"}, None, Silence.LIST, None),
        ({"sender": "owner-staff@hopital.sim.mssante.fr"}, None, Silence.LIST, None),
        ({"sender": "staff-request@hopital.sim.mssante.fr"}, None, Silence.LIST, None),
        ({"sender": "listserv@hopital.sim.mssante.fr"}, None, Silence.LIST, None),
        ({"sender": "majordomo@hopital.sim.mssante.fr"}, None, Silence.LIST, None),
        ({"sender": BOX}, None, Silence.OWN, None),
        ({"named": ()}, None, Silence.NOT_NAMED, None),
        ({"named": {SENDER, TARGET}}, None, Silence.NOT_NAMED, None),
        ({}, NOW, Silence.ANSWERED, None),
        ({}, NOW - 7 * DAY + 1, Silence.ANSWERED, None),
        ({}, NOW - 7 * DAY, None, None),
        ({"passed": (BOX,)}, None, None, Silence.LOOP),
        ({"passed": (SENDER, TARGET)}, None, None, Silence.LOOP),
        ({"passed": ("a@x.fr", "b@x.fr", "c@x.fr")}, None, None, Silence.LOOP),
        ({"hops": 100}, None, None, Silence.LOOP),
        ({"passed": ("a@x.fr", "b@x.fr"), "hops": 99}, None, None, None),
        ({"sender": "owner@hopital.sim.mssante.fr"}, None, None, None),
        ({"sender": '"staff-request@ward"@hopital.sim.mssante.fr'}, None, None, None),
        ({}, None, None, None),
    ],
)
def test_what_a_mailbox_does_by_itself(
    facts: dict[str, object], answered_at: int | None, answer: Silence | None, forward: Silence | None
) -> None:
    letter = _arrival(**facts)
    assert silence(letter, answered_at, NOW, 7) is answer
    assert not_forwarded(letter, TARGET, 3) is forward


@pytest.mark.parametrize(
    ("header", "marks"),
    [
        (b"Auto-Submitted: auto-replied", AutomaticMarks(automatic=True)),
        (b"AUTO-SUBMITTED: Auto-Generated; owner=x", AutomaticMarks(automatic=True)),
        (b"Auto-Submitted: no\r\nAuto-Submitted: auto-notified", AutomaticMarks(automatic=True)),
        (b"Auto-Submitted: \xe9", AutomaticMarks(automatic=True)),
        (b"Auto-Submitted: NO (a person)", AutomaticMarks()),
        (b"Auto-Submitted:", AutomaticMarks()),
        (b"List-Id: <staff.hopital.sim.mssante.fr>", AutomaticMarks(bulk=True)),
        (b"LIST-unsubscribe: <mailto:x@y.fr>", AutomaticMarks(bulk=True)),
        (b"Listing: x", AutomaticMarks()),
        (b"Precedence: Bulk", AutomaticMarks(bulk=True)),
        (b"Precedence: junk", AutomaticMarks(bulk=True)),
        (b"Precedence: list", AutomaticMarks(bulk=True)),
        (b"Precedence: first-class", AutomaticMarks()),
        (b"Delivered-To: Anne@Cabinet.fr\r\nDelivered-To: <b@x.fr>", AutomaticMarks(passed=("anne@cabinet.fr", "b@x.fr"))),
        (b"Delivered-To: nobody\r\nDelivered-To: \xff@x.fr", AutomaticMarks()),
        (b"Received: a\r\nReceived: b", AutomaticMarks(hops=2)),
        (b"", AutomaticMarks()),
    ],
)
def test_what_a_header_says_about_machines(header: bytes, marks: AutomaticMarks) -> None:
    assert automatic_marks(read_headers(header, count_max=10)) == marks
