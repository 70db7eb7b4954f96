"""What the handles answer is what their types say, and a type checker finds what is misspelt."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import UnionType
from typing import Any, NotRequired, get_args, get_origin, get_type_hints, is_typeddict

import pytest

from mss_sim.app.population import seeds
from mss_sim.config.settings import Settings
from mss_sim.core.control import named_seeds
from mss_sim.testing import documents
from mss_sim.testing.asking import RestRefused
from mss_sim.testing.handle import HostedWorld, RunningSimulator
from mss_sim.testing.persons import Cast
from mss_sim.testing.results import Waited, WaitedInVain
from mss_sim.vocabulary.clock import FiredKind
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mail import TimelineKind

_ROOT = Path(__file__).resolve().parents[2]
_PORTS = ("submission_port", "mx_port", "imap_port", "http_port", "https_port", "dns_port", "ldap_port")
PRACTICE = "tilleuls@cabinet.sim.mssante.fr"


def _differs(value: Any, wanted: Any, place: str) -> list[str]:
    """Where a document is not as its type says."""
    origin, inner = get_origin(wanted), get_args(wanted)
    if is_typeddict(wanted):
        return _document_differs(value, wanted, place)
    parts: list[tuple[Any, Any]] = []
    if origin is UnionType:
        right = any(not _differs(value, one, place) for one in inner)
    elif origin is NotRequired:
        right, parts = True, [(value, inner[0])]
    elif origin in (list, tuple):
        right, parts = isinstance(value, list), list(zip(value, inner if origin is tuple else inner * len(value), strict=True))
    elif origin is dict:
        right, parts = isinstance(value, dict), [(one, inner[1]) for one in value.values()]
    else:
        right = wanted is object or isinstance(value, wanted)
    return [*([] if right else [f"{place}: {value!r} is no {wanted}"]), *(at for one, kind in parts for at in _differs(one, kind, place))]


def _document_differs(value: Any, wanted: Any, place: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{place}: {value!r} is no document"]
    hints = get_type_hints(wanted, include_extras=True)
    odd = [f"{place}: {name}" for name in (value.keys() - hints.keys()) | (wanted.__required_keys__ - value.keys())]
    return odd + [at for name in value.keys() & hints.keys() for at in _differs(value[name], hints[name], f"{place}.{name}")]


def test_the_ready_document_is_as_its_type_says(world: HostedWorld) -> None:
    """With all that a world can have, too."""
    assert _differs(world.ready, documents.Ready, "ready") == []
    whole = Settings(**dict.fromkeys(_PORTS, 0), traps_open=True, control_key="a-key-of-the-tests")
    with RunningSimulator(whole) as running:
        assert _differs(running.ready, documents.Ready, "ready") == []
        assert running.ready["traps"]
        assert running.control("GET", "/worlds") == []
        assert len(running.doctor.token()) > 100


def test_letters_and_people_are_as_their_types_say(world: HostedWorld) -> None:
    sent = world.doctor.send(
        [world.patient.address],
        cc=[PRACTICE],
        subject="Votre bilan",
        text="Bonjour.",
        html="<p>Bonjour.</p>",
        attachments=[{"filename": "bilan.txt", "content_base64": "Qm9uam91cg=="}],
        request_read_receipt=True,
        headers={"X-MSS-NIL": "DEV0001"},
    )
    assert _differs(sent, documents.SentLetter, "sent") == []
    [item] = world.patient.inbox(wait=10)
    assert _differs(item, documents.LetterItem, "item") == []
    opened = world.patient.read(item["id"])
    assert _differs(opened, documents.OpenedLetter, "opened") == []
    assert opened["attachments"][0]["filename"] == "bilan.txt"
    [again] = world.patient.inbox()
    assert again["first_read"] is not None
    assert _differs(again, documents.LetterItem, "read") == []
    assert [at for one in world.patients(20) for at in _differs(one, documents.PatientDocument, "patient")] == []
    told = world.doctor.log_in().userinfo
    claims = {name: value for name, value in told.items() if name in documents.UserInfo.__annotations__}
    assert _differs(claims, documents.UserInfo, "userinfo") == []
    assert claims.keys() == documents.UserInfo.__annotations__.keys()


def test_answers_have_the_words_of_the_field(world: HostedWorld) -> None:
    world.doctor.send([world.patient.address], subject="Votre code", text="Le code est 123456, voyez https://exemple.fr/rdv.")
    letter = world.wait("message", mailbox=world.patient.address).first
    assert (letter.sender, letter.to) == (world.doctor.address, (world.patient.address,))
    assert (letter.values.codes, letter.values.links, letter.values.closes) == (("123456",), ("https://exemple.fr/rdv",), False)
    line = world.wait("act", acts=[Act.SUBMITTED], who=world.doctor.idnat).first
    assert (line.act, line.door, line.subject) == (Act.SUBMITTED, Door.REST, "Votre code")
    assert (line.mailbox, line.who, line.grant) == (world.doctor.address, world.doctor.idnat, None)
    assert str(line) == f"message.submitted in {line.mailbox} at {line.at:%H:%M:%S} by {line.name}, rest, about “Votre code”"
    log_in = world.wait("log_in", door="rest", who=world.doctor.login).first
    assert (log_in.who, log_in.lines) == (world.doctor.idnat, ())
    with pytest.raises(WaitedInVain, match=r"waited 0\.05 s in vain for a session of a client with rule 'not-found'"):
        world.wait("session", rule="not-found", timeout=0.05)
    event = world.wait("timeline", events=["delivered"], recipient=world.patient.address).first
    assert (event.event, event.failed, event.mailbox) == (TimelineKind.DELIVERED, False, world.doctor.address)
    assert abs((event.at - world.clock.now()).total_seconds()) < 60
    later = world.wait("message", none=True, after=world.wait("settled").cursor, timeout=0.1)
    assert later.found == ()
    with pytest.raises(LookupError, match="nothing was waited for"):
        _ = later.first
    assert Waited((1, 2), "").first == 1


def test_what_keeps_a_world_from_rest_is_told(world: HostedWorld) -> None:
    world.faults.add("mx", "delay", {"verb": "RCPT"}, seconds=1)
    world.doctor.send([world.patient.address], subject="Votre bilan")
    with pytest.raises(
        WaitedInVain, match=rf"^waited 0 s in vain for rest\n  there instead: “Votre bilan” waits for {world.patient.address}: "
    ):
        world.wait("settled", timeout=0)
    world.wait("settled")


def test_time_tells_what_happened(world: HostedWorld) -> None:
    world.clock.freeze()
    before = world.clock.now()
    ended = next(one for one in world.clock.advance("P4M") if one.kind is FiredKind.GRANT_ENDED)
    assert before < ended.at < world.clock.now()
    assert (ended.who, ended.mailbox) == (world.assistant.idnat, PRACTICE)


def test_faults_are_told_with_their_counts(world: HostedWorld) -> None:
    rule = world.faults.add("submission", "reply", {"verb": "NOOP", "client": "127.0.0.1"}, count=2, code="451")
    with world.doctor.smtp() as smtp:
        assert smtp.noop()[0] == 451
    [told] = world.faults.all()
    assert (told.id, told.point, told.kind, told.match) == (rule, "submission", "reply", {"verb": "NOOP", "client": "127.0.0.1"})
    assert (told.seen, told.fired, told.left, told.ended) == (1, 1, 1, False)
    world.faults.clear()
    assert world.faults.all() == []
    [session] = world.sessions(who=world.doctor.idnat)
    assert (session.door, session.tls) == (Door.SMTP, "TLSv1.3")
    assert [line.text for line in session.lines if line.side == "-"] == [f"fault {rule}: reply"]


def test_who_may_not_log_in_is_refused(world: HostedWorld) -> None:
    with pytest.raises(RestRefused, match=r"login-refused: .* is not let in"):
        world.patient.log_in()
    with pytest.raises(RestRefused):
        world.doctor.log_in("TELEPATHY")
    world.faults.preset("psc-down")
    with pytest.raises(RestRefused, match=r"^503"):
        world.doctor.log_in()
    with pytest.raises(RestRefused):
        world.like("cook")
    with pytest.raises(LookupError, match="pharmacist may use no mailbox"):
        _ = world.pharmacist.address


def test_everybody_of_the_cabinet_has_a_name(world: HostedWorld) -> None:
    names = {name for name, value in vars(Cast).items() if isinstance(value, property)}
    assert names == {one["role"] for one in world.ready["personas"]}
    assert all(getattr(world, name).role == name for name in names)
    assert world.patient.name == "Claire FONTAINE"
    assert "patient-2026" not in repr(world.patient)
    assert seeds() == named_seeds.shipped()


_USER = '''
"""A file of a user's tests that uses everything."""

import asyncio
from datetime import datetime, timedelta

import pytest

from mss_sim.testing.asking import RestRefused
from mss_sim.testing.asynchronous import AsyncPerson, AsyncSimulator, AsyncWorld
from mss_sim.testing.documents import LetterItem, Ready
from mss_sim.testing.handle import HostedWorld, RunningSimulator
from mss_sim.testing.persons import Person
from mss_sim.testing.results import Difference, Fault, Fired, JournalLine, Letter, LogIn, Session, Snapshot, TimelineEvent, WaitedInVain


def test_people(world: HostedWorld) -> None:
    doctor: Person = world.doctor
    with doctor.smtp() as smtp, world.person("secretary").imap("a@b.fr") as imap:
        smtp.noop()
        imap.select("INBOX")
    told: LogIn = doctor.log_in()
    name: str = told.userinfo["family_name"] + doctor.token(60) + doctor.address
    items: list[LetterItem] = doctor.inbox(doctor.mailboxes[0], subject=name, wait=10)
    text: str = doctor.read(items[0]["id"])["text"] + items[0]["from"][0]["address"]
    state: str = doctor.send([world.patient.address], subject=text, request_read_receipt=True)["recipients"][0]["state"]
    assert doctor.rest("GET", "/me")["name"] == state
    ready: Ready = world.ready
    port: int = ready["submission"]["port"]
    new: list[Person] = world.like("doctor", port)
    assert new[0].tls and world.patients(1)[0]["ins"][0]["birth_name"] and world.persona("doctor")["login"]


def test_waits(world: HostedWorld) -> None:
    letter: Letter = world.wait("message", mailbox="a@b.fr", from_="a", header="X: y", count=2, timeout=1).first
    codes: tuple[str, ...] = letter.values.codes
    line: JournalLine = world.wait("act", acts=["grant.created"], who="x").first
    event: TimelineEvent = world.wait("timeline", events=["displayed"], after="x").found[0]
    world.wait("message", none=True)
    cursor: str = world.wait("settled", timeout=3).cursor
    with pytest.raises(WaitedInVain) as caught:
        world.wait("message")
    near: str = caught.value.near[0].subject
    assert codes and line.at < event.at and cursor + near


def test_the_rest(mss: RunningSimulator) -> None:
    with mss.world(name="a", seed="none", settings={"language": "fr"}, lifetime_seconds=60) as world:
        world.clock.freeze(datetime.max)
        happened: list[Fired] = world.clock.advance(timedelta(days=1))
        who: list[str] = [one.who for one in happened]
        now: datetime = world.clock.now()
        rule: str = world.faults.add("mx", "delay", {"size_min": 1}, seconds=2)
        rules: list[Fault] = world.faults.all()
        fired: int = world.faults.fired(rule) + sum(one.fired for one in rules)
        world.faults.preset("psc-down", lifetime_seconds=3)
        world.faults.lift(rule)
        world.faults.clear()
        sessions: list[Session] = world.sessions(limit=3)
        kept: Snapshot = world.save("a", note="b", replace=True)
        made: datetime = kept.made_at
        differences: dict[str, Difference] = world.differences("a")
        added: int = differences["letters"].added_count
        world.restore(world.snapshots()[0].name)
        world.drop("a")
        world.reset()
        assert who and now < made and fired + added and sessions[0].lines[0].text
        with pytest.raises(RestRefused) as refused:
            world.control("GET", "/state")
        assert refused.value.status == 404 and refused.value.code


async def test_awaits(async_world: AsyncWorld) -> None:
    coming = asyncio.create_task(async_world.wait("message", subject="x"))
    patient: AsyncPerson = async_world.patient
    await async_world.doctor.send([patient.address], subject="x")
    codes: tuple[str, ...] = (await coming).first.values.codes
    async with AsyncSimulator() as mss, mss.world() as world:
        assert codes and await world.clock.advance("P1D") and world.name
'''

_WRONG = {
    "world.docter": '"HostedWorld" has no attribute "docter"',
    'world.wait("message", subjet="x")': "No overload variant",
    'world.wait("act", subject="x")': "No overload variant",
    'world.wait("letter")': "No overload variant",
    'world.wait("message").first.code': '"Letter" has no attribute "code"',
    'world.ready["smtp"]': 'TypedDict "Ready" has no key "smtp"',
    'world.doctor.inbox()[0]["form"]': 'TypedDict "LetterItem" has no key "form"',
    'world.doctor.send(["a@b.fr"], subjet="x")': 'Unexpected keyword argument "subjet"',
    'world.faults.add("mx", "reply", {"verbe": "RCPT"})': 'expected "FaultMatch | None"',
    'world.faults.add("mx", "reply", codes="451")': 'Unexpected keyword argument "codes"',
    "world.clock.advance(7)": 'incompatible type "int"',
}


@pytest.mark.timeout(400)
def test_a_type_checker_knows_all_of_it(tmp_path: Path) -> None:
    """mypy --strict, as a user has it, finds nothing in a file that uses everything, nor in the example, and each misspelling."""
    (tmp_path / "test_right.py").write_text(_USER, "utf-8")
    lines = ["from mss_sim.testing.handle import HostedWorld", "", "", "def test_wrong(world: HostedWorld) -> None:"]
    (tmp_path / "test_wrong.py").write_text("\n".join([*lines, *(f"    {one}" for one in _WRONG), ""]), "utf-8")
    example = [path.name for path in (_ROOT / "examples" / "python").glob("*.py")]
    for name in example:
        shutil.copy(_ROOT / "examples" / "python" / name, tmp_path)
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--follow-imports=silent"]
    checked = subprocess.run(
        [*command, "--no-color-output", "test_right.py", "test_wrong.py", *example],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(_ROOT)},
        capture_output=True,
        text=True,
        timeout=390,
        check=False,
    )
    assert (checked.returncode, checked.stderr) == (1, "")
    assert [line for line in checked.stdout.splitlines() if not line.startswith(("test_wrong.py", "Found "))] == []
    said = [line.partition(": error: ") for line in checked.stdout.splitlines() if line.startswith("test_wrong.py")]
    for number, (code, told) in enumerate(_WRONG.items(), len(lines) + 1):
        assert any(told in error for place, _, error in said if place == f"test_wrong.py:{number}"), (code, checked.stdout)
    assert (_ROOT / "mss_sim" / "py.typed").exists()
