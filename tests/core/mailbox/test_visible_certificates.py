"""Who sees which certificates: a table of people and mailboxes."""

import pytest

from mss_sim.core.access.delegation import GrantRequest, grant
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.mailbox import visible_certificates
from mss_sim.core.mailbox.mailboxes import NewMailbox, add_mailbox
from mss_sim.core.trust import certificates
from mss_sim.core.trust.certificates import NewCertificate
from mss_sim.errors import Rule
from mss_sim.vocabulary.mailboxes import MailboxKind, MailboxState, Right
from mss_sim.vocabulary.trust import RevocationReason
from tests.clients import LABORATORY
from tests.core.towns import IDNATS, Town, refused

_HOLDER = "1690990023"
_OTHER = "automate@labo-parc.sim.mssante.fr"


async def _issued(town: Town) -> list[str]:
    """Serials: two certificates of the laboratory's mailbox, one of another mailbox, an operator, a host, and that of the seed."""
    seeded = [row.serial for row in await certificates.list_all(town.world, mailbox=LABORATORY)]
    holder = _HOLDER
    await add_mailbox(town.world, NewMailbox(_OTHER, MailboxKind.APP, holder))
    new = [NewCertificate(mailbox=LABORATORY), NewCertificate(mailbox=LABORATORY), NewCertificate(mailbox=_OTHER)]
    new += [NewCertificate(operator="Laboratoire du Parc"), NewCertificate(host="mail.labo-parc.sim.mssante.fr")]
    return [(await certificates.issue(town.world, one)).serial for one in new] + seeded


@pytest.mark.parametrize(
    ("who", "rights", "here", "everywhere"),
    [
        pytest.param(_HOLDER, None, [1, 0, 5], [2, 1, 0, 5], id="the organisation that holds them"),
        pytest.param("application", None, [1, 0, 5], [1, 0, 5], id="the program that the seed lets in"),
        pytest.param("newcomer", {Right.SEE}, [1, 0, 5], [1, 0, 5], id="a grantee who sees"),
        pytest.param("newcomer", {Right.SEE, Right.MANAGE}, [1, 0, 5], [1, 0, 5], id="a grantee who manages"),
        pytest.param("newcomer", {Right.READ}, None, [], id="a grantee who does not see"),
        pytest.param("newcomer", None, None, [], id="somebody else"),
        pytest.param("hospital", None, None, [], id="another organisation"),
    ],
)
@pytest.mark.parametrize("state", [MailboxState.ACTIVE, MailboxState.SUSPENDED, MailboxState.CLOSED])
async def test_who_sees_the_mailbox_sees_its_certificates_and_no_others(
    town: Town, who: str, rights: set[Right] | None, here: list[int] | None, everywhere: list[int], state: MailboxState
) -> None:
    serials = await _issued(town)
    if rights:
        await grant(town.world, CONTROL, GrantRequest(LABORATORY, IDNATS[who], frozenset(rights)))
    await town.change(LABORATORY, state=state)
    actor = await town.actor(who)
    assert [row.serial for _, row in await visible_certificates.list_all(town.world, actor)] == [serials[at] for at in everywhere]
    if here is None:
        with refused(Rule.NOT_FOUND, "mailbox"):
            await visible_certificates.list_certificates(town.world, actor, LABORATORY)
        with refused(Rule.NOT_FOUND, "mailbox"):
            await visible_certificates.find(town.world, actor, LABORATORY, serials[0])
        return
    rows = await visible_certificates.list_certificates(town.world, actor, LABORATORY)
    assert [row.serial for row in rows] == [serials[at] for at in here]
    assert (await visible_certificates.find(town.world, actor, LABORATORY, serials[0].upper())).serial == serials[0]


async def test_a_certificate_of_something_else_is_not_found_by_way_of_a_mailbox(town: Town) -> None:
    serials, actor = await _issued(town), await town.actor(_HOLDER)
    for serial in [*serials[2:5], "00", "no serial"]:
        with refused(Rule.NOT_FOUND):
            await visible_certificates.find(town.world, actor, LABORATORY, serial)


async def test_who_logged_in_for_one_mailbox_sees_that_ones_alone(town: Town) -> None:
    serials = await _issued(town)
    actor = await town.actor(_HOLDER, mailbox=_OTHER)
    assert [(address, row.serial) for address, row in await visible_certificates.list_all(town.world, actor)] == [(_OTHER, serials[2])]
    with refused(Rule.RIGHT_MISSING, "act for"):
        await visible_certificates.list_certificates(town.world, actor, LABORATORY)


async def test_one_that_was_revoked_stays_and_says_so(town: Town) -> None:
    serials, actor = await _issued(town), await town.actor(_HOLDER)
    await certificates.revoke(town.world, serials[0], RevocationReason.KEY_COMPROMISE)
    row = await visible_certificates.find(town.world, actor, LABORATORY, serials[0])
    assert (row.reason, row.revoked_at is not None) == (RevocationReason.KEY_COMPROMISE, True)
