"""From credentials to an actor: whose name it is, what it opens, and what it gives when anything changed since."""

from dataclasses import replace
from datetime import timedelta
from typing import Literal
from unicodedata import normalize

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from mss_sim.clock import SECOND
from mss_sim.core.access import authentication, identities
from mss_sim.core.access.authentication import Actor, barred, check_login_method, token_expired
from mss_sim.core.access.identities import NewIdentity
from mss_sim.core.mailbox import mailboxes
from mss_sim.core.mailbox.mailboxes import NewMailbox
from mss_sim.core.trust import certificates, operators
from mss_sim.core.trust.certificates import NewCertificate
from mss_sim.core.world.store_types import Certificate
from mss_sim.core.world.tally import LoggedIn, Refused
from mss_sim.errors import Refusal, Rule
from mss_sim.pki import bundles
from mss_sim.store import identities as kept
from mss_sim.vocabulary.doors import Door, LogInBy
from mss_sim.vocabulary.mailboxes import IdentityKind, MailboxKind, MailboxState
from mss_sim.vocabulary.trust import RevocationReason
from tests.authorities import Bearer
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, LABORATORY, PATIENT, PRACTICE, WARD
from tests.core.towns import IDNATS, OpenTown, Town, refused

PASSWORD = "cabinet-2026"


async def _log_in(town: Town, name: str, password: str = PASSWORD, door: Door = Door.REST, mailbox: str | None = None) -> Actor:
    return await authentication.with_password(town.world, name, password, door=door, mailbox=mailbox)


@pytest.mark.parametrize("name", ["camille.martin", IDNATS["doctor"], DOCTOR, DOCTOR.upper()])
async def test_a_person_logs_in_by_login_number_or_the_address_of_his_own_mailbox(town: Town, name: str) -> None:
    actor = await _log_in(town, name)
    assert (actor.identity.idnat, actor.mailbox, actor.door, actor.way) == (IDNATS["doctor"], None, Door.REST, None)


async def test_a_patient_logs_in_by_the_address_of_his(town: Town) -> None:
    assert (await _log_in(town, PATIENT, "patient-2026")).identity.idnat == IDNATS["patient"]


@pytest.mark.parametrize(
    "name", [PRACTICE, WARD, LABORATORY, "nobody@medecin.sim.mssante.fr", "no address", "", "\x00", "camille.martin\x00"]
)
@pytest.mark.parametrize("password", [PASSWORD, "hopital-2026", "labo-2026"])
async def test_the_address_of_a_shared_mailbox_is_nobodys_name_with_whatever_password(town: Town, name: str, password: str) -> None:
    with refused(Rule.AUTHENTICATION_FAILED, "The login or the password is wrong."):
        await _log_in(town, name, password)


async def test_a_wrong_password_is_told_as_an_unknown_login_is(town: Town) -> None:
    for name in ("camille.martin", "nobody", f"{PRACTICE}*camille.martin"):
        with refused(Rule.AUTHENTICATION_FAILED, "The login or the password is wrong."):
            await _log_in(town, name, "wrong")


async def test_who_was_disabled_is_told_that_his_password_is_wrong(town: Town) -> None:
    await identities.change_identity(town.world, IDNATS["doctor"], {"enabled": False}, None, None)
    with refused(Rule.AUTHENTICATION_FAILED, "The login or the password is wrong."):
        await _log_in(town, "camille.martin")


@pytest.mark.parametrize(
    ("name", "mailbox", "chosen"),
    [
        (f"{PRACTICE}*sophie.petit", None, PRACTICE),
        (f"{PRACTICE.upper()}*sophie.petit", None, PRACTICE),
        ("sophie.petit", DOCTOR, DOCTOR),
        (f"{PRACTICE}*sophie.petit", DOCTOR, DOCTOR),
        ("sophie.petit", IDNATS["secretary"], None),
        ("sophie.petit", "SOPHIE.PETIT", None),
        ("*sophie.petit", None, None),
    ],
)
async def test_the_mailbox_to_act_for_comes_with_the_name_or_beside_it(
    town: Town, name: str, mailbox: str | None, chosen: str | None
) -> None:
    assert (await _log_in(town, name, mailbox=mailbox)).mailbox == chosen


@pytest.mark.parametrize("mailbox", [WARD, "nobody@cabinet.sim.mssante.fr", "no address", "hugo.bernard"])
async def test_nobody_acts_for_a_mailbox_over_which_he_has_no_right_nor_learns_whether_it_is_there(town: Town, mailbox: str) -> None:
    with refused(Rule.AUTHORIZATION_FAILED, f"You neither hold {mailbox} nor have a grant over it."):
        await _log_in(town, "sophie.petit", mailbox=mailbox)


async def test_a_grant_for_a_time_lets_act_for_its_mailbox_until_it_ends(town: Town) -> None:
    assert (await _log_in(town, IDNATS["assistant"], mailbox=PRACTICE)).mailbox == PRACTICE
    town.clock.advance(timedelta(days=90))
    with refused(Rule.AUTHORIZATION_FAILED, f"You neither hold {PRACTICE} nor have a grant over it."):
        await _log_in(town, IDNATS["assistant"], mailbox=PRACTICE)


async def test_the_strict_profile_takes_no_password_and_tells_so_to_who_knows_it(open_town: OpenTown) -> None:
    async with open_town(profile="strict") as town:
        with refused(Rule.AUTHENTICATION_FAILED, "log in with a token"):
            await _log_in(town, "camille.martin")
        with refused(Rule.AUTHENTICATION_FAILED, "The login or the password is wrong."):
            await _log_in(town, "camille.martin", "wrong")


async def test_a_token_speaks_for_who_is_in_it_at_any_door(town: Town) -> None:
    token = authentication.mint_token(town.world, IDNATS["doctor"])
    actor = await authentication.with_token(town.world, token, door=Door.IMAP, mailbox=PRACTICE)
    assert (actor.identity.idnat, actor.mailbox, actor.way, actor.until) == (IDNATS["doctor"], PRACTICE, LogInBy.PSC, None)
    with refused(Rule.AUTHENTICATION_FAILED, "not known here"):
        await authentication.with_token(town.world, authentication.mint_token(town.world, "899700429999"), door=Door.REST)
    with refused(Rule.AUTHORIZATION_FAILED, "neither hold"):
        await authentication.with_token(town.world, token, door=Door.IMAP, mailbox=WARD)


@pytest.mark.parametrize("door", [Door.SMTP, Door.IMAP, Door.REST])
async def test_a_patients_token_opens_no_door_in_the_strict_profile(open_town: OpenTown, door: Door) -> None:
    async with open_town(profile="strict") as strict:
        token = authentication.mint_token(strict.world, IDNATS["patient"])
        with refused(Rule.AUTHENTICATION_FAILED, "Mon espace santé"):
            await authentication.with_token(strict.world, token, door=door)
        assert (
            await authentication.with_token(strict.world, authentication.mint_token(strict.world, IDNATS["doctor"]), door=door)
        ).door is door
    async with open_town() as lenient:
        token = authentication.mint_token(lenient.world, IDNATS["patient"])
        assert (await authentication.with_token(lenient.world, token, door=door)).identity.idnat == IDNATS["patient"]


async def test_where_a_setting_says_so_what_a_token_opened_ends_with_it(open_town: OpenTown) -> None:
    async with open_town(token_expiry="cut") as town:
        token = authentication.mint_token(town.world, IDNATS["doctor"], lifetime_seconds=60)
        actor = await authentication.with_token(town.world, token, door=Door.IMAP)
        assert actor.until == town.clock.now() // SECOND * SECOND + 60 * SECOND
        town.clock.advance(timedelta(seconds=59))
        assert not token_expired(town.world, actor)
        town.clock.advance(timedelta(seconds=1))
        assert token_expired(town.world, actor)
        assert not token_expired(town.world, replace(actor, until=None))


async def test_an_application_logs_in_to_mail_by_certificate_alone_unless_a_setting_is_lenient(open_town: OpenTown) -> None:
    async with open_town() as town:
        for name in ("automate.labo", f"{LABORATORY}*automate.labo"):
            with refused(Rule.AUTHENTICATION_FAILED, "client certificate"):
                await _log_in(town, name, "labo-2026", Door.IMAP)
        assert (await _log_in(town, "automate.labo", "labo-2026", Door.REST)).way is None
    for settings, opens in (({"login_app_passwords": True}, True), ({"login_app_passwords": True, "profile": "strict"}, False)):
        async with open_town(**settings) as town:
            token = authentication.mint_token(town.world, IDNATS["application"])
            if opens:
                assert (await authentication.with_token(town.world, token, door=Door.IMAP)).way is LogInBy.PSC
            else:
                with refused(Rule.AUTHENTICATION_FAILED, "client certificate"):
                    await authentication.with_token(town.world, token, door=Door.IMAP)


async def test_an_operator_that_takes_fewer_ways_is_asked_where_a_log_in_opens_its_mailbox(town: Town) -> None:
    await operators.change(town.world, "Messagerie libérale", authentication=frozenset({LogInBy.PSC}))
    for door in (Door.SMTP, Door.IMAP):
        with refused(Rule.AUTHENTICATION_FAILED, "The operator Messagerie libérale accepts other ways to log in: psc."):
            await _log_in(town, "camille.martin", door=door)
    assert (await _log_in(town, "camille.martin", door=Door.REST)).identity.idnat == IDNATS["doctor"]
    token = authentication.mint_token(town.world, IDNATS["doctor"])
    assert (await authentication.with_token(town.world, token, door=Door.SMTP)).way is LogInBy.PSC


async def test_a_log_in_opens_the_first_own_mailbox_that_is_not_closed(town: Town) -> None:
    await operators.change(town.world, "Messagerie libérale", authentication=frozenset({LogInBy.PSC}))
    await mailboxes.add_mailbox(town.world, NewMailbox("paul.durand@medecin.sim.mssante.fr", MailboxKind.PER, IDNATS["hospital"]))
    assert (await _log_in(town, "paul.durand", "hopital-2026", Door.IMAP)).way is LogInBy.PASSWORD
    await town.change(HOSPITAL, state=MailboxState.CLOSED)
    with refused(Rule.AUTHENTICATION_FAILED, "Messagerie libérale"):
        await _log_in(town, "paul.durand", "hopital-2026", Door.IMAP)


async def test_a_mailbox_that_is_only_granted_does_not_decide_how_a_person_logs_in(town: Town) -> None:
    await operators.change(town.world, "Messagerie libérale", authentication=frozenset({LogInBy.PSC}))
    assert (await _log_in(town, "sophie.petit", door=Door.IMAP)).mailbox is None
    with refused(Rule.AUTHENTICATION_FAILED, "accepts other ways"):
        await _log_in(town, f"{PRACTICE}*sophie.petit", door=Door.IMAP)


async def test_no_way_is_asked_where_none_was_told(town: Town) -> None:
    await operators.change(town.world, "Messagerie libérale", authentication=frozenset({LogInBy.PSC}))
    box = await town.mailbox(DOCTOR)
    await town.world.store.read(lambda conn: check_login_method(town.world, conn, box, None))
    with refused(Rule.AUTHENTICATION_FAILED):
        await town.world.store.read(lambda conn: check_login_method(town.world, conn, box, LogInBy.PASSWORD))


# Without a proof


@pytest.mark.parametrize("name", ["camille.martin", IDNATS["doctor"], DOCTOR])
async def test_who_is_played_is_named_in_any_way_and_acts_for_himself(town: Town, name: str) -> None:
    actor = await authentication.by_name(town.world, name, door=Door.CONTROL)
    assert (actor.identity.idnat, actor.door, actor.mailbox, actor.way) == (IDNATS["doctor"], Door.CONTROL, None, None)


async def test_nobody_and_who_was_disabled_are_not_played(town: Town) -> None:
    await identities.change_identity(town.world, IDNATS["doctor"], {"enabled": False}, None, None)
    for name in ("nobody", "camille.martin"):
        with refused(Rule.AUTHENTICATION_FAILED, "The login or the password is wrong."):
            await authentication.by_name(town.world, name, door=Door.CONTROL)


# By certificate


def _der(one: Certificate) -> bytes:
    return bundles.read_pem(one.certificate).public_bytes(Encoding.DER)


async def _shown(town: Town, octets: bytes | None, mailbox: str | None = None) -> Actor:
    return await authentication.with_certificate(town.world, octets, door=Door.IMAP, mailbox=mailbox)


async def test_a_certificate_opens_the_mailbox_that_it_is_bound_to(town: Town) -> None:
    made = await certificates.issue(town.world, NewCertificate(mailbox=LABORATORY))
    for mailbox in (None, LABORATORY, LABORATORY.upper()):
        actor = await _shown(town, _der(made), mailbox)
        assert (actor.identity.idnat, actor.mailbox, actor.way, actor.serial) == (
            "1690990023",
            LABORATORY,
            LogInBy.CERTIFICATE,
            made.serial,
        )
    for other in (DOCTOR, "no address"):
        with refused(Rule.AUTHORIZATION_FAILED, f"The certificate {made.subject} opens {LABORATORY}, not {other}"):
            await _shown(town, _der(made), other)


async def test_a_log_in_by_certificate_is_told_once_and_one_that_opens_nothing_is_not(town: Town) -> None:
    made, heard = await certificates.issue(town.world, NewCertificate(mailbox=LABORATORY)), list[Refused | LoggedIn]()
    town.world.tally.tell(heard.append)
    with refused(Rule.AUTHORIZATION_FAILED, "opens"):
        await _shown(town, _der(made), DOCTOR)
    actor = await _shown(town, _der(made))
    assert heard == [LoggedIn(Door.IMAP, actor.identity.id, LogInBy.CERTIFICATE, LABORATORY)]


async def test_no_certificate_one_of_a_stranger_and_one_for_nothing_open_nothing(town: Town) -> None:
    with refused(Rule.AUTHENTICATION_FAILED, "Show a client certificate"):
        await _shown(town, None)
    stranger: x509.Certificate = Bearer.called("CN=ailleurs").certified()
    with refused(Rule.AUTHENTICATION_FAILED, "is not of the authority of organisations"):
        await _shown(town, stranger.public_bytes(Encoding.DER))
    operators_own = await certificates.issue(town.world, NewCertificate(operator="Hôpital des Ormes"))
    with refused(Rule.AUTHENTICATION_FAILED, f"The certificate {operators_own.subject} is bound to no mailbox."):
        await _shown(town, _der(operators_own))


async def test_a_certificate_of_our_authority_that_was_never_written_down_opens_nothing(open_town: OpenTown) -> None:
    async with open_town() as town, open_town() as twin:  # of the same authorities
        made = await certificates.issue(town.world, NewCertificate(mailbox=LABORATORY))
        with refused(Rule.AUTHENTICATION_FAILED, f"The certificate {made.subject} is bound to no mailbox."):
            await _shown(twin, _der(made))


async def test_a_certificate_that_was_taken_back_opens_nothing(town: Town) -> None:
    made = await certificates.issue(town.world, NewCertificate(mailbox=LABORATORY))
    actor = await _shown(town, _der(made))
    assert await town.world.store.read(lambda conn: barred(town.world, conn, actor)) is None
    await certificates.revoke(town.world, made.serial, RevocationReason.SUPERSEDED)
    with refused(Rule.AUTHENTICATION_FAILED, "is revoked"):
        await _shown(town, _der(made))
    said = await town.world.store.read(lambda conn: barred(town.world, conn, actor))
    assert said is not None
    assert "was taken back" in said


async def test_a_certificate_opens_nothing_once_its_owner_is_disabled_or_its_operator_takes_none(town: Town) -> None:
    made = await certificates.issue(town.world, NewCertificate(mailbox=LABORATORY))
    await operators.change(town.world, "Laboratoire du Parc", authentication=frozenset({LogInBy.PSC}))
    with refused(Rule.AUTHENTICATION_FAILED, "accepts other ways"):
        await _shown(town, _der(made))
    await operators.change(town.world, "Laboratoire du Parc", authentication=frozenset(LogInBy))
    owner = await town.identity("1690990023")
    await town.world.store.write(lambda conn: kept.change(conn, replace(owner, enabled=False)))
    with refused(Rule.AUTHENTICATION_FAILED, "The login or the password is wrong."):
        await _shown(town, _der(made))


async def test_who_is_disabled_is_barred_from_then_on(town: Town) -> None:
    doctor = await town.actor("doctor")
    assert await town.world.store.read(lambda conn: barred(town.world, conn, doctor)) is None
    await identities.change_identity(town.world, IDNATS["doctor"], {"enabled": False}, None, None)
    assert await town.world.store.read(lambda conn: barred(town.world, conn, doctor)) == "Your identity was disabled since you logged in."


async def test_a_number_is_no_name_of_who_has_no_account(town: Town) -> None:
    await identities.add_identity(town.world, NewIdentity("899700427777", IdentityKind.PROFESSIONAL, "SANS", "Compte"))
    await mailboxes.add_mailbox(town.world, NewMailbox("sans.compte@medecin.sim.mssante.fr", MailboxKind.PER, "899700427777"))
    for name in ("899700427777", "sans.compte@medecin.sim.mssante.fr"):
        with pytest.raises(Refusal):
            await _log_in(town, name)
    assert (await _log_in(town, DOCTOR2)).identity.idnat == IDNATS["doctor2"]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
async def test_accents_may_come_apart_from_their_letters_in_a_name_and_in_a_password(town: Town, form: Literal["NFC", "NFD"]) -> None:
    other: Literal["NFC", "NFD"] = "NFD" if form == "NFC" else "NFC"
    login, password = "Hélène.Öz", "clé-été"
    new = NewIdentity("899700427778", IdentityKind.PROFESSIONAL, "ÖZ", "Hélène")
    await identities.add_identity(town.world, replace(new, login=normalize(form, login), password=normalize(form, password)))
    for name in (login, login.upper()):
        for mailbox in (None, normalize(other, login)):
            actor = await _log_in(town, normalize(other, name), normalize(other, password), mailbox=mailbox)
            assert (actor.identity.idnat, actor.mailbox) == ("899700427778", None)
    with refused(Rule.AUTHENTICATION_FAILED):
        await _log_in(town, "helene.oz", normalize(other, password))


async def test_by_a_setting_the_mailbox_stands_behind_the_name_too(open_town: OpenTown) -> None:
    for plus in (True, False):
        async with open_town(login_plus=plus) as town:
            if plus:
                assert (await _log_in(town, f"sophie.petit+{PRACTICE}")).mailbox == PRACTICE
                continue
            with refused(Rule.AUTHENTICATION_FAILED):
                await _log_in(town, f"sophie.petit+{PRACTICE}")


async def test_a_login_that_is_anothers_number_is_a_login(town: Town) -> None:
    new = NewIdentity("899700427779", IdentityKind.PROFESSIONAL, "RUSE", login=IDNATS["doctor"], password="autre-2026")
    await identities.add_identity(town.world, new)
    assert (await _log_in(town, IDNATS["doctor"], "autre-2026")).identity.idnat == "899700427779"
    with refused(Rule.AUTHENTICATION_FAILED):
        await _log_in(town, IDNATS["doctor"])


@pytest.mark.parametrize("mailbox", [DOCTOR, f"{DOCTOR}*camille.martin", f"{DOCTOR}*{DOCTOR}", f"{DOCTOR}*{IDNATS['doctor']}"])
async def test_who_names_his_own_mailbox_acts_for_it(town: Town, mailbox: str) -> None:
    assert (await _log_in(town, "camille.martin", mailbox=mailbox)).mailbox == DOCTOR


@pytest.mark.parametrize("other", ["hugo.bernard", DOCTOR2, IDNATS["doctor2"], "nobody"])
async def test_behind_the_mailbox_nobody_stands_but_who_logs_in(town: Town, other: str) -> None:
    with refused(Rule.AUTHORIZATION_FAILED, f"You are not {other}: name yourself behind the mailbox, or the mailbox alone."):
        await _log_in(town, "camille.martin", mailbox=f"{PRACTICE}*{other}")
