"""A seed planted in one unit of work: what a mailbox lives with, what is over already, and nothing where a row is wrong."""

import tomllib

import pytest
from sqlalchemy import Connection

from mss_sim.clock import DAY, iso
from mss_sim.core.access import delegation
from mss_sim.core.control import seed_letters
from mss_sim.core.control.planting import Planting
from mss_sim.core.control.seed_formats import SeedFiles
from mss_sim.core.psc import professionals
from mss_sim.errors import Refusal, Rule
from mss_sim.store import closings, conversations, forwardings, identities, mailbox_uses, masks, out_of_office, retention
from mss_sim.store.forwardings import Forwarding
from mss_sim.vocabulary.mail import ClosureCause
from mss_sim.vocabulary.mailboxes import MailboxState, UseStage
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, PATIENT, PRACTICE
from tests.core.towns import IDNATS, Town, refused

_ADDRESS = "neuf@cabinet.sim.mssante.fr"
_BOX = f'[[mailboxes]]\naddress = "{_ADDRESS}"\nkind = "CAB"\nowner = "{IDNATS["doctor"]}"\n'
_PERSON = '[[identities]]\nidnat = "899700420096"\nkind = "professional"\nfamily_name = "X"\n'
_LONG = "x" * 100
_STRANGE = "Reaction.__init__() got an unexpected keyword argument '"
_PATIENTS_BOX = f'[[mailboxes]]\naddress = "{PATIENT}"\nkind = "PATIENT"\nowner = "{IDNATS["patient"]}"\n'


async def _plant(town: Town, text: str, *, own: bool = True, **letters: bytes) -> None:
    files = SeedFiles(text, tomllib.loads(text), {f"{name}.eml": octets for name, octets in letters.items()})
    read = await seed_letters.read(town.world, files)

    def unit(conn: Connection) -> None:
        Planting(town.world, conn, files, {}, again=False, own=own).plant(read)

    await town.world.store.write(unit, changes_directory=True)


async def test_a_mailbox_lives_with_what_is_told_of_it(town: Town) -> None:
    await _plant(
        town,
        _BOX
        + f"""
state = "suspended"
patients_may_write = true
keeps_diagnoses = true
red_listed = true
quota_bytes = 5000
folders = ["Classés/2026"]
closing = {{ asked_at = 2026-01-01T00:00:00Z, closes_at = 2026-02-01T00:00:00Z, state_before = "suspended" }}
forwarding = {{ target = "{HOSPITAL.upper()}", keep = false, set_at = 2026-01-01T00:00:00Z }}
out_of_office = {{ text = "De retour", until_at = 2026-02-01T00:00:00Z, days = 3 }}
retention = {{ days = 40 }}
used = {{ at = 2025-06-01T00:00:00Z, stage = "warned" }}
""",
    )
    box = await town.mailbox(_ADDRESS)
    assert box.keeps_diagnoses
    assert (box.state, box.patients_may_write, box.red_listed, box.quota_bytes) == (MailboxState.SUSPENDED, True, True, 5000)

    def kept(conn: Connection) -> tuple[object, ...]:
        closing, forwarding = closings.of_mailbox(conn, box.id), forwardings.of_mailboxes(conn, [box.id])[box.id]
        absence, [use] = out_of_office.of_mailboxes(conn, [box.id])[box.id], mailbox_uses.of(conn, [box.id])
        assert closing is not None
        said = iso(closing.closes_at), closing.state_before, forwarding.target, forwarding.keep, absence.text, absence.days
        return (*said, absence.from_at == town.clock.now(), retention.own_days(conn, box.id), iso(use.used_at), use.stage)

    assert await town.world.store.read(kept) == (
        *("2026-02-01T00:00:00Z", MailboxState.SUSPENDED, HOSPITAL, False, "De retour", 3, True),
        *((40,), "2025-06-01T00:00:00Z", UseStage.WARNED),
    )


async def test_what_is_left_out_of_what_a_mailbox_lives_with_is_what_most_would_say(town: Town) -> None:
    told = "closing = { asked_at = 2026-01-01T00:00:00Z, closes_at = 2026-02-01T00:00:00Z }\n"
    told += f'forwarding = {{ target = "{HOSPITAL}" }}\nused = {{ at = 2025-06-01T00:00:00Z }}\n'
    await _plant(town, _BOX + told)
    box = await town.mailbox(_ADDRESS)

    def kept(conn: Connection) -> tuple[object, ...]:
        closing, forwarding, [use] = (
            closings.of_mailbox(conn, box.id),
            forwardings.of_mailboxes(conn, [box.id]),
            mailbox_uses.of(conn, [box.id]),
        )
        return closing and closing.state_before, forwarding[box.id], use.stage

    assert await town.world.store.read(kept) == (
        MailboxState.ACTIVE,
        Forwarding(box.id, HOSPITAL, keep=True, set_at=town.clock.now()),
        UseStage.USED,
    )


async def test_a_grant_is_valid_from_and_until_then_or_for_so_many_days(town: Town) -> None:
    grant = f'[[grants]]\nmailbox = "{DOCTOR}"\ngrantee = "{IDNATS["newcomer"]}"\nrights = ["see"]\n'
    await _plant(town, grant + "valid_from = 2026-01-06T08:00:00Z\nvalid_until = 2026-03-01T08:00:00Z\n")
    await _plant(town, grant.replace(DOCTOR, DOCTOR2) + "valid_days = 30\n")
    rows = await delegation.grants_of(town.world, (await town.identity("newcomer")).id)
    assert {address: (iso(row.valid_from), iso(row.valid_until)) for row, address in rows if address in (DOCTOR, DOCTOR2)} == {
        DOCTOR: ("2026-01-06T08:00:00Z", "2026-03-01T08:00:00Z"),
        DOCTOR2: (None, iso(town.clock.now() + 30 * DAY)),
    }


async def test_a_right_to_answer_that_ended_was_ended_by_a_person_where_no_cause_is_told(town: Town) -> None:
    text = f'[[letters]]\nfile = "a.eml"\ncopies = [{{ mailbox = "{PATIENT}" }}]\n'
    right = f'[[answer_rights]]\npatient = "{PATIENT}"\nmailbox = "{PRACTICE}"\nletter = "a.eml"\n'
    await _plant(town, text + right + right + "withdrawn_at = 2026-02-01T00:00:00Z\n", a=b"From: a@b.fr\r\n\r\nx\r\n")
    [letter] = await town.lying(PATIENT)
    rights = await town.world.store.read(conversations.rights_of_threads, [letter.message.thread_id])
    assert [(iso(one.withdrawn_at), one.cause) for one in rights] == [(None, None), ("2026-02-01T00:00:00Z", ClosureCause.EXPLICIT)]


async def test_a_grant_that_is_over_is_told_as_it_was(town: Town) -> None:
    before = len(await town.told(DOCTOR))
    await _plant(
        town,
        f"""
[[grants]]
mailbox = "{DOCTOR}"
grantee = "{IDNATS["assistant"]}"
rights = ["see", "read"]
reason = "Congés"
granted_by = "{IDNATS["doctor"]}"
granted_at = 2025-07-01T00:00:00Z
valid_until = 2025-08-01T00:00:00Z
revoked_at = 2025-07-20T00:00:00Z
revoked_by = "{IDNATS["doctor"]}"
""",
    )
    assistant = await town.identity("assistant")
    [row] = [row for row, address in await delegation.grants_of(town.world, assistant.id) if address == DOCTOR]
    doctor = (await town.identity("doctor")).id
    told = iso(row.granted_at), iso(row.valid_until), iso(row.revoked_at), row.granted_by_id, row.revoked_by_id, row.reason
    assert told == ("2025-07-01T00:00:00Z", "2025-08-01T00:00:00Z", "2025-07-20T00:00:00Z", doctor, doctor, "Congés")
    assert len(await town.told(DOCTOR)) == before, "the journal tells what is done, not what was"


async def test_a_person_whose_password_is_told_by_its_hash_logs_in(town: Town) -> None:
    hashed = town.world.passwords.hash("un secret")
    person = _PERSON + f'login = "x"\npassword_hash = "{hashed}"\n'
    await _plant(town, person + "psc = '{\"Secteur_Activite\": null}'\n")
    account = await town.world.store.read(identities.account_of_login, "x")
    assert account is not None
    assert await town.world.passwords.check("un secret", account.password_hash)
    found = await professionals.find(town.world, "899700420096")
    assert found is not None
    assert found.profile == {"Secteur_Activite": None}


async def test_what_a_patient_masks_and_may_answer_no_more(town: Town) -> None:
    await town.send("doctor", PRACTICE, PATIENT)
    text = f'[[masks]]\nmailbox = "{PATIENT}"\nkind = "correspondent"\ntarget = "{PRACTICE}"\nlabel = "Le cabinet"\n'
    text += f'[[dispensations]]\npatient = "{IDNATS["patient"]}"\norganisation = "1690990023"\nday = 2026-01-02\n'
    await _plant(town, text)
    box = await town.mailbox(PATIENT)
    [mask] = await town.world.store.read(masks.of_mailbox, box.id)
    assert (mask.target, mask.label, len(await town.world.store.read(masks.hidden, box.id))) == (PRACTICE, "Le cabinet", 1)
    assert await town.world.store.read(conversations.rights_of_threads, [1]) == []


@pytest.mark.parametrize(
    ("text", "rule", "why"),
    [
        (_BOX + 'behaviour = "dances"', Rule.INVALID, "line 1, mailboxes: There is no behaviour dances"),
        (_BOX + "behaviour = [{ steps = [{ act = 'dance' }] }]", Rule.INVALID, "The behaviour cannot be read"),
        (_BOX + f"behaviour = [{{ steps = [], {_LONG} = 1 }}]", Rule.INVALID, f"cannot be read: {_STRANGE + _LONG}"[:116] + "."),
        (_PERSON + f'psc = {{ a = "{"x" * 65_529}" }}', Rule.INVALID, "A profile has at most 65536 bytes of JSON."),
        (_BOX + 'co_holders = ["nobody"]', Rule.INVALID, "There is no identity nobody."),
        (_BOX + "folders = ['a*']", Rule.INVALID, "is not a folder name"),
        (_BOX + _BOX, Rule.CONFLICT, f"line 5, mailboxes: There is already a mailbox {_ADDRESS}."),
        (_BOX + "forwarding = { target = 'x' }", Rule.INVALID, "line 1, mailboxes: "),
        (_BOX + f'[[masks]]\nmailbox = "{_ADDRESS}"\nkind = "correspondent"\ntarget = "x"\n', Rule.INVALID, "Only a patient masks"),
        (
            _BOX + f'[[grants]]\nmailbox = "{_ADDRESS}"\ngrantee = "{IDNATS["patient"]}"\nrights = ["see"]\n',
            Rule.INVALID,
            "line 5, grants: ",
        ),
        (
            _BOX + f'[[answer_rights]]\npatient = "{PATIENT}"\nmailbox = "{_ADDRESS}"\nletter = "a.eml"\n',
            Rule.INVALID,
            "a.eml is no letter of this seed",
        ),
        (
            _PATIENTS_BOX.replace(PATIENT, "x@patient.mssante.fr") + "out_of_office = { text = 'x' }",
            Rule.INVALID,
            "neither answers nor forwards",
        ),
    ],
)
async def test_a_row_that_is_wrong_undoes_all(town: Town, text: str, rule: Rule, why: str) -> None:
    before = await town.addresses()
    with refused(rule, why):
        await _plant(town, text)
    assert await town.addresses() == before


@pytest.mark.parametrize(
    ("text", "rule", "why", "subject", "reference"),
    [
        (_BOX + _BOX, Rule.CONFLICT, f"There is already a mailbox {_ADDRESS}.", _ADDRESS, None),
        (
            f'[[grants]]\nmailbox = "{DOCTOR}"\ngrantee = "{IDNATS["assistant"]}"\nrights = []\ngranted_at = 2025-07-01T00:00:00Z\n',
            Rule.INVALID,
            "A grant needs at least one right.",
            None,
            None,
        ),
        (
            f'[[masks]]\nmailbox = "{DOCTOR}"\nkind = "correspondent"\ntarget = "x"\n',
            Rule.INVALID,
            "Only a patient masks letters from carers.",
            DOCTOR,
            None,
        ),
        (
            _BOX + 'forwarding = { target = "x" }',
            Rule.INVALID,
            "'x' is not an address: local-part@domain is expected.",
            "x",
            "rfc5321#4.1.2",
        ),
    ],
)
async def test_what_is_wrong_with_a_seed_that_ships_is_said_without_its_line(
    town: Town, text: str, rule: Rule, why: str, subject: str | None, reference: str | None
) -> None:
    with pytest.raises(Refusal) as caught:
        await _plant(town, text, own=False)
    told = caught.value
    assert (told.rule, str(told.detail), told.subject, told.reference) == (rule, why, subject, reference)
