"""A seed planted in one unit of work: what a mailbox lives with, what is over already, and nothing where a row is wrong."""

import tomllib

import pytest
from sqlalchemy import Connection

from mss_sim.clock import iso
from mss_sim.core.access import delegation
from mss_sim.core.control.planting import Planting
from mss_sim.core.control.seed_formats import SeedFiles
from mss_sim.core.psc import professionals
from mss_sim.errors import Rule
from mss_sim.store import closings, conversations, forwardings, identities, mailbox_uses, masks, out_of_office, retention
from mss_sim.vocabulary.mailboxes import MailboxState, UseStage
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE
from tests.core.towns import IDNATS, Town, refused

_ADDRESS = "neuf@cabinet.sim.mssante.fr"
_BOX = f'[[mailboxes]]\naddress = "{_ADDRESS}"\nkind = "CAB"\nowner = "{IDNATS["doctor"]}"\n'
_PATIENTS_BOX = f'[[mailboxes]]\naddress = "{PATIENT}"\nkind = "PATIENT"\nowner = "{IDNATS["patient"]}"\n'


async def _plant(town: Town, text: str) -> None:
    files = SeedFiles(text, tomllib.loads(text), {})

    def unit(conn: Connection) -> None:
        Planting(town.world, conn, files, {}, again=False, own=True).plant([])

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
    person = f'[[identities]]\nidnat = "899700420096"\nkind = "professional"\nfamily_name = "X"\nlogin = "x"\npassword_hash = "{hashed}"\n'
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
