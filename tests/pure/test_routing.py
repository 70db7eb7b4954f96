"""What becomes of one recipient: every row of the routing table, and the exact limits of sizes and quotas."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mss_sim.errors import Rule
from mss_sim.policy.receipts import DIAGNOSTICS
from mss_sim.policy.routing import Disposal, MailboxFitness, Room, Route, Scope, decide_route, size_refusal, standing
from mss_sim.vocabulary.mailboxes import MailboxState

BOB = "bruno.leroy@sim.mssante.fr"
ACTIVE, SUSPENDED, CLOSED = MailboxState.ACTIVE, MailboxState.SUSPENDED, MailboxState.CLOSED


@pytest.mark.parametrize(
    ("stands", "local", "remote", "notice", "later", "rule"),
    [
        (MailboxFitness.TOO_SMALL, Disposal.REFUSE, Disposal.BOUNCE, Disposal.REFUSE, Disposal.BOUNCE, Rule.TOO_LARGE),
        (MailboxFitness.FULL, Disposal.REFUSE, Disposal.DEFER, Disposal.DEFER, Disposal.REFUSE, Rule.MAILBOX_FULL),
        (MailboxFitness.SUSPENDED, Disposal.REFUSE, Disposal.DEFER, Disposal.DEFER, Disposal.REFUSE, Rule.MAILBOX_SUSPENDED),
        (MailboxFitness.CLOSED, Disposal.REFUSE, Disposal.BOUNCE, Disposal.REFUSE, Disposal.BOUNCE, Rule.MAILBOX_CLOSED),
        (MailboxFitness.UNKNOWN, Disposal.REFUSE, Disposal.BOUNCE, Disposal.REFUSE, Disposal.BOUNCE, Rule.UNKNOWN_MAILBOX),
        (MailboxFitness.MALFORMED, Disposal.REFUSE, Disposal.BOUNCE, Disposal.REFUSE, Disposal.BOUNCE, Rule.BAD_ADDRESS),
        (MailboxFitness.OUTSIDE, Disposal.REFUSE, Disposal.REFUSE, Disposal.REFUSE, Disposal.REFUSE, Rule.DOMAIN_OUTSIDE),
    ],
)
def test_a_recipient_who_cannot_be_served_is_refused_bounced_or_deferred(
    stands: MailboxFitness, local: Disposal, remote: Disposal, notice: Disposal, later: Disposal, rule: Rule
) -> None:
    for reach, way in ((Scope.LOCAL, local), (Scope.REMOTE, remote), (Scope.NOTICE, notice), (Scope.LATER, later)):
        route = decide_route(BOB, stands, reach)
        assert route.way is way
        assert route.refusal is not None
        assert (route.refusal.rule, route.refusal.subject) == (rule, BOB)
        assert BOB in route.refusal.detail
        assert rule in DIAGNOSTICS, "a bounce could not be written"


@pytest.mark.parametrize(
    ("address", "rule"),
    [
        ("claire.fontaine@patient.mssante.fr", Rule.BAD_ADDRESS),
        ("28503751130016@patient.mssante.fr", Rule.BAD_ADDRESS),
        ('"285037511300167@sim"@patient.mssante.fr', Rule.BAD_ADDRESS),
        ("285037511300167@patient.mssante.fr", Rule.UNKNOWN_MAILBOX),
        ("125062a00401714@patient.mssante.fr", Rule.UNKNOWN_MAILBOX),
        ("postmaster@patient.mssante.fr", Rule.UNKNOWN_MAILBOX),
        ("claire.fontaine@sim.mssante.fr", Rule.UNKNOWN_MAILBOX),
    ],
)
def test_an_unknown_patient_whose_address_is_no_ins_is_told_so(address: str, rule: Rule) -> None:
    refusal = decide_route(address, MailboxFitness.UNKNOWN, Scope.LOCAL).refusal
    assert refusal is not None
    assert refusal.rule is rule


@pytest.mark.parametrize("reach", list(Scope))
def test_an_active_mailbox_is_served(reach: Scope) -> None:
    assert decide_route(BOB, MailboxFitness.ACTIVE, reach) == Route(Disposal.DELIVER, None)


@pytest.mark.parametrize("stands", list(MailboxFitness))
@pytest.mark.parametrize("reach", list(Scope))
def test_what_waits_has_a_temporary_status_and_what_bounces_a_permanent_one(stands: MailboxFitness, reach: Scope) -> None:
    route = decide_route(BOB, stands, reach)
    if route.refusal is None:
        return
    digit = DIAGNOSTICS[route.refusal.rule][1][0]
    assert {Disposal.DEFER: digit == "4", Disposal.BOUNCE: digit == "5"}.get(route.way, True)


@pytest.mark.parametrize(
    ("state", "room", "size", "stands"),
    [
        pytest.param(CLOSED, Room(0, 100), 1, MailboxFitness.CLOSED, id="closed"),
        pytest.param(CLOSED, Room(100, 100, 0), 1, MailboxFitness.CLOSED, id="closed before full and before too small"),
        pytest.param(SUSPENDED, Room(0, 100), 1, MailboxFitness.SUSPENDED, id="suspended"),
        pytest.param(SUSPENDED, Room(100, 100, 0), 1, MailboxFitness.SUSPENDED, id="suspended before full and before too small"),
        pytest.param(ACTIVE, Room(0, 100, 50), 51, MailboxFitness.TOO_SMALL, id="one byte over the message limit"),
        pytest.param(ACTIVE, Room(100, 100, 50), 51, MailboxFitness.TOO_SMALL, id="too small before full: waiting would not help"),
        pytest.param(ACTIVE, Room(0, 100, 0), 1, MailboxFitness.TOO_SMALL, id="a limit of nothing is a limit"),
        pytest.param(ACTIVE, Room(51, 100), 50, MailboxFitness.FULL, id="one byte over the quota"),
        pytest.param(ACTIVE, Room(100, 100), 1, MailboxFitness.FULL, id="quota used up"),
        pytest.param(ACTIVE, Room(200, 100), 0, MailboxFitness.FULL, id="quota lowered below what is used"),
        pytest.param(ACTIVE, Room(51, 100, 50), 50, MailboxFitness.FULL, id="within the message limit, one byte over the quota"),
        pytest.param(ACTIVE, Room(50, 100), 50, MailboxFitness.ACTIVE, id="exactly the quota"),
        pytest.param(ACTIVE, Room(0, 100, 50), 50, MailboxFitness.ACTIVE, id="exactly the message limit"),
        pytest.param(ACTIVE, Room(0, 100, None), 100, MailboxFitness.ACTIVE, id="no message limit"),
        pytest.param(
            ACTIVE, Room(100, 100), 0, MailboxFitness.FULL, id="a full mailbox takes nothing, an unannounced size counts for one byte"
        ),
    ],
)
def test_how_a_mailbox_stands(state: MailboxState, room: Room, size: int, stands: MailboxFitness) -> None:
    assert standing(state, room, size) is stands


@pytest.mark.parametrize(("trace", "stands"), [(10, MailboxFitness.ACTIVE), (11, MailboxFitness.FULL)])
def test_the_trace_on_top_uses_room_and_no_message_limit_counts_it(trace: int, stands: MailboxFitness) -> None:
    assert standing(ACTIVE, Room(40, 100, 50), 50, trace) is stands


@settings(deadline=None)
@given(st.integers(0, 50), st.integers(0, 50), st.none() | st.integers(0, 50), st.integers(0, 60))
def test_a_mailbox_takes_what_fits_and_nothing_else(used: int, quota: int, message_max: int | None, size: int) -> None:
    fits = used + max(size, 1) <= quota and (message_max is None or size <= message_max)
    assert (standing(ACTIVE, Room(used, quota, message_max), size) is MailboxFitness.ACTIVE) is fits


@pytest.mark.parametrize(("size", "limit"), [(11, 10), (1, 0), (26_214_401, 26_214_400)])
def test_a_message_over_the_limit_is_refused(size: int, limit: int) -> None:
    refusal = size_refusal(size, limit)
    assert refusal is not None
    assert refusal.rule is Rule.TOO_LARGE
    assert str(size) in refusal.detail
    assert str(limit) in refusal.detail


@pytest.mark.parametrize(("size", "limit"), [(0, 0), (10, 10), (9, 10)])
def test_a_message_up_to_the_limit_is_accepted(size: int, limit: int) -> None:
    assert size_refusal(size, limit) is None
