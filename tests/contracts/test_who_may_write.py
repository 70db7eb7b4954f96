"""Whatever professionals and patients did before, a patient writes to whom the table of policy/closure says, over SMTP and REST alike.

The table is written here a second time, from the guide. Random histories of letters, marks, acts, grants, visits, masks and time are
played in a running world; after each step every patient and mailbox is compared, at the end by sending. A carer of one patient comes and
goes beside them: he reads and writes what the patient may, less what the masks hide.
"""

import contextlib
import imaplib
import smtplib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mss_sim.config.settings import Settings
from mss_sim.testing.handle import RunningSimulator
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PATIENT2, PRACTICE, WARD

ROLES = {DOCTOR: "doctor", HOSPITAL: "hospital", PRACTICE: "secretary", WARD: "hospital_ward"}
PATIENTS = {PATIENT: "patient", PATIENT2: "patient2"}
ORGANISATION = "1750990012"  # owns WARD
MARKS: dict[str, dict[str, Any]] = {
    "none": {"subject": "Bonjour"},
    "near": {"subject": "Re: [FIN]", "headers": {"X-MSS-MES": "fin"}},
    "subject": {"subject": "[FIN]"},
    "header": {"subject": "Compte rendu", "headers": {"X-MSS-MES": "FIN"}},
}
CARED_FOR, CARER = PATIENT, ("carer", "carer-2026")
GIVEN = ("conversation-open", "open-to-patients", "pharmacy-visited")


@dataclass
class Right:
    """What a letter gave."""

    patient: str
    mailbox: str
    giver: str
    thread: int
    open: bool
    people: frozenset[str] = frozenset()
    """Whom its letter names."""


class Known(NamedTuple):
    """A letter in somebody's mailbox."""

    copy_id: str
    message_id: str
    thread: int


@dataclass
class Model:
    """The table."""

    rights: list[Right] = field(default_factory=list)
    wrote: set[tuple[str, str, int]] = field(default_factory=set)
    opened: set[str] = field(default_factory=set)
    visits: dict[str, int] = field(default_factory=dict)
    day: int = 0
    pharmacy: bool = False
    red_listed: bool = False
    may_close: bool = True
    carer: bool = False
    masked: set[str] = field(default_factory=set)
    came: list[tuple[str, frozenset[str]]] = field(default_factory=list)
    """The letters that the patient with a carer got: Message-ID, and whom it names."""

    def code(self, patient: str, mailbox: str, thread: int | None = None, *, masked: frozenset[str] = frozenset()) -> str:
        """What decides a letter of a patient, in a conversation or new; `masked`: correspondents who are, from who writes."""
        rights = [one for one in self.rights if (one.patient, one.mailbox) == (patient, mailbox) and not one.people & masked]
        inside = [one for one in rights if one.thread == thread]
        if any(one.open for one in inside or rights):
            return "conversation-open"
        if inside:
            return "conversation-closed"
        if mailbox in self.opened:
            return "open-to-patients"
        pharmacy = self._pharmacy(patient) if mailbox == WARD else "not-invited"
        return "conversation-closed" if rights and pharmacy != "pharmacy-visited" else pharmacy

    def _pharmacy(self, patient: str) -> str:
        visit = self.visits.get(patient)
        if not self.pharmacy:
            return "not-invited" if visit is None else "not-a-pharmacy"
        if visit is None:
            return "pharmacy-never-visited"
        if self.day - visit > 365:
            return "pharmacy-visit-too-old"
        return "no-published-org-mailbox" if self.red_listed else "pharmacy-visited"

    def shown(self) -> list[str]:
        """What a carer sees in the INBOX, oldest first."""
        return [message_id for message_id, people in self.came if not people & self.masked]

    def write(self, sender: str, patients: list[str], mark: str, target: str, letter: Known) -> None:
        """A professional's letter."""
        people, thread = frozenset({sender, target, *patients}), letter.thread
        if CARED_FOR in patients:
            self.came.append((letter.message_id, people))
        for patient in patients:
            closes = mark in ("subject", "header")
            for one in self._of(sender, thread if mark == "header" else None) if closes else []:
                one.open = one.open and one.patient != patient
            self.rights.append(Right(patient, target, sender, thread, not closes, people))

    def _of(self, mailbox: str, thread: int | None) -> list[Right]:
        return [one for one in self.rights if mailbox in (one.giver, one.mailbox) and thread in (None, one.thread)]

    def act(self, mailbox: str, thread: int, *, opens: bool) -> bool:
        """The explicit act; whether there is anybody to close to."""
        if not opens:
            has = {one.patient for one in self.rights if (one.mailbox, one.thread) == (mailbox, thread)}
            first = sorted({patient for patient, to, where in self.wrote if (to, where) == (mailbox, thread)} - has)
            self.rights += [Right(patient, mailbox, mailbox, thread, open=False, people=frozenset({mailbox})) for patient in first]
        for one in self._of(mailbox, thread):
            one.open = opens
        return bool(self._of(mailbox, thread))


class World:
    """A running simulator and the model of it."""

    def __init__(self, running: RunningSimulator) -> None:
        self.running = running
        self.http = httpx.Client(base_url=running.ready["http"], timeout=30)
        self.accounts = {one["role"]: (one["login"], one["password"]) for one in running.ready["personas"]}
        self.tls = ssl.create_default_context(cafile=running.ready["ca_file"])

    def begin(self) -> None:
        """A new world, at noon of a day that stays until it is moved."""
        self.control("POST", "/reset")
        self.control("PUT", "/clock", {"mode": "frozen", "at": "2041-01-01T12:00:00Z"})
        self.model = Model()
        self.lying: dict[str, list[Known]] = {address: [] for address in (*ROLES, *PATIENTS)}
        self.conversations: dict[str, int] = {}
        self.arrived = dict.fromkeys(ROLES, 0)
        login, password = CARER
        self.control("POST", "/identities", {"idnat": "CARER", "kind": "carer", "family_name": "X", "login": login, "password": password})

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """The control plane, which agrees."""
        answer = self.http.request(method, f"/control{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def rest(self, address: str, method: str, path: str, body: Any = None) -> httpx.Response:
        """REST as who has a mailbox."""
        auth = self.accounts[{**ROLES, **PATIENTS}[address]]
        return self.http.request(method, f"/api/v1/mailboxes/{address}{path}", json=body, auth=auth)

    def filed(self, owner: str, copy_id: str, others: list[str], message_id: str) -> Known:
        """A letter that was sent: its thread, and that all who got it know it."""
        shown = self.rest(owner, "GET", f"/messages/{copy_id}").json()["conversation_id"]
        thread = self.conversations.setdefault(shown, len(self.conversations))
        found = Known(copy_id, message_id, thread)
        self.lying[owner].append(found)
        for other in others:
            page = self.rest(other, "GET", "/messages?folder=INBOX&limit=1").json()["items"]
            assert page[0]["message_id"] == message_id
            self.lying[other].append(found._replace(copy_id=page[0]["id"]))
        return found

    def write(self, sender: str, patients: list[str], mark: str, target: str | None, earlier: int | None) -> None:
        """A professional writes, in a conversation of theirs or a new one."""
        answered = self._choose(sender, earlier)
        body: dict[str, Any] = {"to": patients, "text": "Bonjour.", **MARKS[mark], "reply_to": [target] if target else []}
        answer = self.rest(sender, "POST", "/messages", body | ({"in_reply_to": answered.copy_id} if answered else {}))
        if sender == PRACTICE and not self.model.may_close and mark in ("subject", "header"):
            assert answer.json()["code"] == "right-missing", answer.text
            return
        assert answer.status_code == 201, answer.text
        letter = self.filed(sender, answer.json()["id"], patients, answer.json()["message_id"])
        assert answered is None or letter.thread == answered.thread
        self.model.write(sender, patients, mark, target or sender, letter)

    def answer(self, patient: str, mailbox: str, earlier: int | None) -> None:
        """A patient writes, in a conversation of theirs or anew."""
        answered = self._choose(patient, earlier)
        code = self.model.code(patient, mailbox, answered.thread if answered else None)
        body = {"to": [mailbox], "text": "Merci.", "subject": "Réponse"} | ({"in_reply_to": answered.copy_id} if answered else {})
        answer = self.rest(patient, "POST", "/messages", body)
        assert (answer.status_code == 201) is (code in GIVEN), (code, answer.text)
        if answer.status_code != 201:
            assert answer.json()["recipients"][0]["code"] == code
            return
        letter = self.filed(patient, answer.json()["id"], [mailbox], answer.json()["message_id"])
        self.model.wrote.add((patient, mailbox, letter.thread))
        self.arrived[mailbox] += 1

    def act(self, mailbox: str, earlier: int, *, opens: bool) -> None:
        """A professional closes or reopens a conversation of theirs."""
        chosen = self._choose(mailbox, earlier)
        if chosen is None:
            return
        conversation = next(shown for shown, thread in self.conversations.items() if thread == chosen.thread)
        answer = self.rest(mailbox, "POST", f"/conversations/{conversation}/{'reopen' if opens else 'close'}")
        if mailbox == PRACTICE and not self.model.may_close:
            assert answer.json()["code"] == "right-missing"
            return
        assert answer.status_code == (200 if self.model.act(mailbox, chosen.thread, opens=opens) else 409), answer.text

    def _choose(self, address: str, number: int | None) -> Known | None:
        lying = self.lying[address]
        return None if number is None or not lying else lying[number % len(lying)]

    def grant(self, *, close: bool) -> None:
        """The secretary gets or loses the right to close."""
        path = f"/mailboxes/{PRACTICE}/grants"
        secretary = next(one["idnat"] for one in self.running.ready["personas"] if one["role"] == "secretary")
        for one in self.control("GET", path):
            if one["grantee"]["idnat"] == secretary and one["in_force"]:
                self.control("DELETE", f"{path}/{one['id']}")
        rights = ["see", "read", "send_on_behalf", *(["close"] if close else [])]
        self.control("POST", path, {"grantee": secretary, "rights": rights})
        self.model.may_close = close

    def cared(self, *, comes: bool) -> None:
        """The patient lets the carer in, or sends him away."""
        for one in self.rest(CARED_FOR, "GET", "/grants").json():
            if one["in_force"]:
                self.rest(CARED_FOR, "DELETE", f"/grants/{one['id']}")
        if comes:
            given = self.rest(CARED_FOR, "POST", "/grants", {"grantee": "CARER", "rights": ["see", "read", "send_on_behalf"]})
            assert given.status_code == 201, given.text
        self.model.carer = comes

    def mask(self, mailbox: str, *, masks: bool) -> None:
        """The patient masks a correspondent, or takes the mask off."""
        if masks:
            assert self.rest(CARED_FOR, "PUT", f"/masks/correspondents/{mailbox}").status_code == 200
            self.model.masked.add(mailbox)
            return
        for one in self.rest(CARED_FOR, "GET", "/masks").json():
            if one["what"] == mailbox:
                assert self.rest(CARED_FOR, "DELETE", f"/masks/{one['id']}").status_code == 204
        self.model.masked.discard(mailbox)

    def happens(self, kind: str, value: Any) -> None:
        """What is done to the world from outside."""
        match kind:
            case "opened":
                address, opened = value
                self.control("PATCH", f"/mailboxes/{address}", {"patients_may_write": opened})
                (self.model.opened.add if opened else self.model.opened.discard)(address)
            case "sector":
                self.control("PATCH", f"/identities/{ORGANISATION}", {"sector": "SA33" if value else "SA01"})
                self.model.pharmacy = value
            case "red list":
                self.control("PATCH", f"/mailboxes/{WARD}", {"red_listed": value})
                self.model.red_listed = value
            case "visit":
                self.control("POST", "/dispensations", {"patient": value, "organisation": ORGANISATION})
                self.model.visits[value] = self.model.day
            case "days":
                self.control("POST", "/clock/advance", {"by": f"P{value}D"})
                self.model.day += value
            case _:
                self.grant(close=value)

    def compare(self) -> None:
        """What is told of every patient and mailbox, and of every conversation that a patient has."""
        for patient in PATIENTS:
            for mailbox in ROLES:
                told = self.control("GET", f"/why-not?from={patient}&to={mailbox}")
                assert (told["code"], told["may_write"]) == (
                    self.model.code(patient, mailbox),
                    told["code"] in GIVEN,
                ), (patient, mailbox)
            for shown, thread in self.conversations.items():
                if not any(one.thread == thread for one in self.lying[patient]):
                    continue
                for row in self.rest(patient, "GET", f"/conversations/{shown}/why").json():
                    assert row["code"] == self.model.code(patient, row["to"], thread), (patient, row)

    def compare_carer(self) -> None:
        """What the carer is shown and told over REST: what the patient would be, less what is masked."""
        path = f"/api/v1/mailboxes/{CARED_FOR}"
        listed = self.http.get(f"{path}/messages?folder=INBOX&limit=100", auth=CARER)
        if not self.model.carer:
            assert listed.status_code == 404
            return
        assert {one["message_id"] for one in listed.json()["items"]} == set(self.model.shown())
        for mailbox in ROLES:
            told = self.http.get(f"{path}/why-not", params={"to": mailbox}, auth=CARER).json()
            assert told["code"] == self.model.code(CARED_FOR, mailbox, masked=frozenset(self.model.masked)), mailbox

    def compare_doors_of_carer(self) -> None:
        """The same over SMTP and IMAP."""
        login, password = CARER
        heard = self._at_rcpt(CARED_FOR, (f"{CARED_FOR}*{login}", password))
        if not self.model.carer:
            assert all(heard.values())
            return
        for mailbox in ROLES:
            code = self.model.code(CARED_FOR, mailbox, masked=frozenset(self.model.masked))
            assert (heard[mailbox] == "") is (code in GIVEN), (mailbox, heard[mailbox])
        with imaplib.IMAP4("localhost", self.running.ready["imap"]["port"], timeout=30) as client:
            client.starttls(self.tls)
            client.login(f"{CARED_FOR}*{login}", password)
            assert client.select("INBOX", readonly=True)[1][0] == str(len(self.model.shown())).encode()

    def compare_doors(self) -> None:
        """What the doors do: RCPT, POST, and what came of it in the mailboxes, as IMAP shows them."""
        self.compare_doors_of_carer()
        for patient in PATIENTS:
            heard = self._at_rcpt(patient, self.accounts[PATIENTS[patient]])
            for mailbox in ROLES:
                code = self.model.code(patient, mailbox)
                assert (heard[mailbox] == "") is (code in GIVEN), (mailbox, heard[mailbox])
                assert code in GIVEN or f"({code}, " in heard[mailbox]
                self.answer(patient, mailbox, None)
        for mailbox, role in ROLES.items():
            assert self._seen_by_imap(mailbox, role) == self.arrived[mailbox]

    def _at_rcpt(self, patient: str, account: tuple[str, str]) -> dict[str, str]:
        """What is answered to each mailbox; nothing where it is taken."""
        submission, heard = self.running.ready["submission"], {}
        with smtplib.SMTP(submission["host"], submission["port"], timeout=30) as client:
            client.starttls(context=self.tls)
            try:
                client.login(*account)
            except smtplib.SMTPAuthenticationError as error:
                return dict.fromkeys(ROLES, str(error.smtp_error))
            client.docmd(f"MAIL FROM:<{patient}>")
            for mailbox in ROLES:
                code, said = client.docmd(f"RCPT TO:<{mailbox}>")
                heard[mailbox] = "" if code == 250 else said.decode()
        return heard

    def _seen_by_imap(self, mailbox: str, role: str) -> int:
        """How many letters of patients lie in the INBOX of a mailbox."""
        login, password = self.accounts[role]
        with imaplib.IMAP4("localhost", self.running.ready["imap"]["port"], timeout=30) as client:
            client.starttls(self.tls)
            client.login(f"{mailbox}*{login}", password)
            client.select("INBOX", readonly=True)
            return len(client.search(None, "FROM", "patient.mssante.fr")[1][0].split())


_boxes, _patients = st.sampled_from(sorted(ROLES)), st.sampled_from(sorted(PATIENTS))
_earlier = st.integers(0, 20)
_steps = st.one_of(
    st.tuples(
        st.just("write"),
        _boxes,
        st.lists(_patients, min_size=1, max_size=2, unique=True),
        st.sampled_from(sorted(MARKS)),
        st.none() | _boxes,
        st.none() | _earlier,
    ),
    st.tuples(st.just("answer"), _patients, _boxes, st.none() | _earlier),
    st.tuples(st.just("act"), _boxes, _earlier, st.booleans()),
    st.tuples(st.just("happens"), st.just("opened"), st.tuples(st.sampled_from([PRACTICE, WARD]), st.booleans())),
    st.tuples(st.just("happens"), st.just("sector"), st.booleans()),
    st.tuples(st.just("happens"), st.just("red list"), st.booleans()),
    st.tuples(st.just("happens"), st.just("visit"), _patients),
    st.tuples(st.just("happens"), st.just("days"), st.sampled_from([1, 100, 364, 365, 366])),
    st.tuples(st.just("happens"), st.just("grant"), st.booleans()),
    st.tuples(st.just("cared"), st.booleans()),
    st.tuples(st.just("mask"), _boxes, st.booleans()),
)


@contextlib.contextmanager
def _world(folder: Path, database: str | None) -> Iterator[World]:
    ports = {"submission_port": 0, "mx_port": 0, "imap_port": 0, "http_port": 0}
    given_ = Settings(data_dir=folder, database_url=database, relay="direct", peers_proof="domain", red_list_kinds=[], **ports)
    with RunningSimulator(given_) as running:
        world = World(running)
        try:
            yield world
        finally:
            world.http.close()


def _play(world: World, history: list[tuple[Any, ...]]) -> None:
    world.begin()
    for verb, *rest in history:
        match verb:
            case "act":
                world.act(rest[0], rest[1], opens=rest[2])
            case "cared":
                world.cared(comes=rest[0])
            case "mask":
                world.mask(rest[0], masks=rest[1])
            case _:
                getattr(world, verb)(*rest)
        world.compare()
        world.compare_carer()
    world.compare_doors()


def test_a_patient_writes_to_whom_the_table_says_whatever_happened_before(tmp_path: Path, database: str | None) -> None:
    with _world(tmp_path, database) as world:

        @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), print_blob=False)
        @given(st.lists(_steps, min_size=1, max_size=14))
        def whatever_happened(history: list[tuple[Any, ...]]) -> None:
            _play(world, history)

        whatever_happened()


@pytest.mark.parametrize(
    "history",
    [
        pytest.param(
            [
                ("happens", "opened", (PRACTICE, True)),
                ("answer", PATIENT, PRACTICE, None),
                ("act", PRACTICE, 0, False),
                ("answer", PATIENT, PRACTICE, 0),
                ("happens", "opened", (PRACTICE, False)),
                ("act", PRACTICE, 0, True),
                ("answer", PATIENT, PRACTICE, 0),
            ],
            id="what a patient began is closed and reopened",
        ),
        pytest.param(
            [
                ("happens", "sector", True),
                ("happens", "visit", PATIENT),
                ("happens", "days", 365),
                ("answer", PATIENT, WARD, None),
                ("write", WARD, [PATIENT], "header", None, 0),
                ("happens", "days", 1),
                ("write", WARD, [PATIENT, PATIENT2], "none", DOCTOR, None),
            ],
            id="a pharmacy that answers and closes, and time",
        ),
        pytest.param(
            [
                ("write", DOCTOR, [PATIENT, PATIENT2], "none", PRACTICE, None),
                ("happens", "grant", False),
                ("write", PRACTICE, [PATIENT], "subject", None, None),
                ("happens", "grant", True),
                ("write", PRACTICE, [PATIENT], "subject", None, None),
                ("act", DOCTOR, 0, False),
                ("write", DOCTOR, [PATIENT2], "near", None, 0),
            ],
            id="who was named in Reply-To closes, once they may",
        ),
        pytest.param(
            [
                ("cared", True),
                ("write", DOCTOR, [PATIENT], "none", None, None),
                ("mask", HOSPITAL, True),
                ("write", HOSPITAL, [PATIENT, PATIENT2], "none", None, None),
                ("write", DOCTOR, [PATIENT], "none", HOSPITAL, None),
                ("answer", PATIENT, HOSPITAL, None),
                ("mask", HOSPITAL, False),
                ("mask", DOCTOR, True),
                ("write", DOCTOR, [PATIENT], "subject", None, None),
                ("cared", False),
            ],
            id="a carer who comes and goes, and masks",
        ),
    ],
)
def test_histories_that_are_known(tmp_path: Path, database: str | None, history: list[tuple[Any, ...]]) -> None:
    with _world(tmp_path, database) as world:
        _play(world, history)
