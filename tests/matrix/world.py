"""The world of the matrix: a simulator of its own, filled through its control plane, and what the cells are asked about."""

import base64
import io
import json
import os
import ssl
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import httpx

from mss_sim.vocabulary.mailboxes import IdentityKind, MailboxKind, MailboxState, MaskKind
from tests.counters import astray_at
from tests.matrix.acts import Act, Masked, Material, subject_of
from tests.matrix.doors import ImapClient, Login, RestClient, SmtpClient, basic
from tests.matrix.expected import Way
from tests.matrix.people import (
    BOXES,
    DOMAIN,
    EXTRA,
    HELPERS,
    HUSHED,
    HUSHED_BOX,
    PASSWORD,
    PATIENTS,
    PEOPLE,
    POOR,
    POOR_BOX,
    STOCK,
    STOCK_BOX,
    THIRD,
    Box,
    Person,
)

API = "/api/v1"
_ENVIRONMENT = {
    "MSS_SIM_RELAY": "direct",
    "MSS_SIM_PEERS_PROOF": "domain",
    "MSS_SIM_SMTP_COMMAND_TIMEOUT_SECONDS": "86400",  # a connection is kept for all cells of a log-in, however slow the machine
    "MSS_SIM_CONNECTIONS_MAX": "10000",
    "MSS_SIM_CONNECTIONS_PER_IDENTITY_MAX": "10000",
    "MSS_SIM_CONNECTIONS_BAD_COMMANDS_MAX": "1000000",
    "MSS_SIM_MAILBOX_FOLDERS_MAX": "100000",
    "MSS_SIM_CARERS_MAX": "1000",
}
ELSEWHERE = Box(MailboxKind.PER, MailboxState.ACTIVE)
_ON_REQUEST = {"to": [], "subject": "Bilan", "text": "Le texte que seul un lecteur voit.", "request_read_receipt": True}


def start(folder: Path) -> tuple[subprocess.Popen[bytes], dict[str, Any]]:
    """A simulator in a process of its own, with nobody in it, and its ready file."""
    ready = folder / "ready.json"
    ports = [word for door in ("submission", "mx", "imap", "http") for word in (f"--{door}-port", "0")]
    command = [
        sys.executable,
        "-m",
        "mss_sim",
        "run",
        "--memory",
        "--seed",
        "none",
        "--log-level",
        "error",
        *ports,
        "--ready-file",
        str(ready),
    ]
    process = subprocess.Popen(command, env={**os.environ, **_ENVIRONMENT})
    while not ready.exists():
        assert process.poll() is None, "the simulator ended before it was ready"
        time.sleep(0.02)
    return process, json.loads(ready.read_text(encoding="utf-8"))


class World:
    """Everybody and everything, and the connections that are open."""

    def __init__(self, ready: dict[str, Any], folder: Path) -> None:
        self._ready, self._files = ready, folder
        self._rest = RestClient("127.0.0.1", int(ready["http"].rpartition(":")[2]))
        self._tls = ssl.create_default_context(cafile=ready["ca_file"])
        self._tokens: dict[str, str] = {}
        self._open: dict[tuple[str, ...], ImapClient | SmtpClient] = {}
        self._count = 0
        self.standing: dict[Box, Material] = {}
        self.seen_by_carers: dict[Box, Material] = {}

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """One request to the control plane."""
        return self._rest.must(method, f"/control{path}", body)

    def as_(self, name: str, method: str, path: str, body: Any = None) -> Any:
        """One request of somebody who may, by token."""
        return self._rest.must(method, API + path, body, f"Bearer {self._tokens[name]}")

    def fill(self) -> None:
        """Make everybody and everything; what ends by itself has ended when this returns."""
        self.control("POST", "/operators", {"name": "Matrice", "domains": [DOMAIN, PATIENTS]})
        for person in (*PEOPLE, *HELPERS):
            fields = {"idnat": person.idnat, "kind": person.kind, "family_name": person.name, "anonymous_card": person.anonymous}
            self.control("POST", "/identities", {**fields, "login": login_of(person), "password": PASSWORD})
            token = self.control("POST", "/tokens", {"who": person.idnat, "lifetime_seconds": 86_400})
            self._tokens[person.name] = token["access_token"]
        known = {person.name: person.idnat for person in PEOPLE}
        for box in BOXES:
            co_holders = [known["co-holder"]] if box.kind is MailboxKind.CAB else []
            wanted = {"address": box.address, "kind": box.kind, "owner_idnat": known[box.holder], "co_holders": co_holders}
            self.control("POST", "/mailboxes", wanted)
        for address, kind, owner in ((STOCK_BOX, "PER", STOCK), (HUSHED_BOX, "PER", HUSHED), (POOR_BOX, "PATIENT", POOR)):
            self.control("POST", "/mailboxes", {"address": address, "kind": kind, "owner_idnat": owner.idnat})
        ending = [self._give(person, box) for person in PEOPLE for box in BOXES if person.meets(box) and person.granted(box)]
        for box in BOXES:
            self._furnish(box)
        for person in PEOPLE:
            if not person.enabled:
                self.control("PATCH", f"/identities/{person.idnat}", {"enabled": False})
        for box in BOXES:
            self.set_state(box, box.state)
        self._await_ends([one for one in ending if one])

    def _give(self, person: Person, box: Box) -> tuple[Box, str] | None:
        """His grant over a mailbox; (mailbox, grant) when it has yet to end by itself."""
        grant: dict[str, Any] = {"grantee": person.idnat, "rights": sorted(person.granted(box))}
        if person.ended == "expired":
            grant["valid_until"] = _in_seconds(3)
        if person.ended == "not yet":
            grant["valid_from"] = "2099-01-01T00:00:00Z"
        made = self.control("POST", f"/mailboxes/{box.address}/grants", grant)["id"]
        if person.ended == "revoked":
            self.control("DELETE", f"/mailboxes/{box.address}/grants/{made}")
        if person.ended == "renounced":
            self.as_(person.name, "DELETE", f"/mailboxes/{box.address}/grants/{made}")
        return (box, made) if person.ended == "expired" else None

    def _await_ends(self, ending: list[tuple[Box, str]]) -> None:
        for box, made in ending:
            deadline = time.monotonic() + 30
            while next(one for one in self.control("GET", f"/mailboxes/{box.address}/grants") if one["id"] == made)["in_force"]:
                assert time.monotonic() < deadline, "a grant does not run out"
                time.sleep(0.05)

    def _furnish(self, box: Box) -> None:
        """What stands in a mailbox and is asked for in vain: a letter, a conversation with a patient, a folder, somebody's grant."""
        item = self._letter(box)
        thread = item["conversation_id"]
        if box.kind is not MailboxKind.PATIENT:
            self.as_(box.holder, "POST", f"/mailboxes/{box.address}/messages", {"to": [POOR_BOX], "subject": "Avis", "text": "Avis."})
            threads = self.as_(box.holder, "GET", f"/mailboxes/{box.address}/conversations?limit=5")["items"]
            thread = next(one["id"] for one in threads if one["patients"])
        folder, grant = self._folder(box, "Projets"), self._grant(box, THIRD)
        self.standing[box] = Material(box.address, item["id"], item["uid"], thread, folder, "Projets", grant, grant, "mot")
        if box.kind is MailboxKind.PATIENT:
            self._mask(box)

    def _mask(self, box: Box) -> None:
        """Letters that carers do not see, one for each kind of mask, and what else there is as carers see it."""
        masked, masks = {}, f"/mailboxes/{box.address}/masks"
        for kind in MaskKind:
            sender, address = ("hushed", HUSHED_BOX) if kind is MaskKind.CORRESPONDENT else ("stock", STOCK_BOX)
            text = base64.b64encode(f"Motus, {kind}.".encode()).decode()
            file = {"filename": "motus.txt", "content_type": "text/plain", "content_base64": text}
            letter = {**_ON_REQUEST, "to": [box.address], "subject": subject_of(kind), "text": f"motus-{kind}", "attachments": [file]}
            self.as_(sender, "POST", f"/mailboxes/{address}/messages", letter)
            item = self._newest(box, box.holder)
            masked[kind] = Masked(item["id"], item["conversation_id"])
            places = {MaskKind.LETTER: f"/messages/{item['id']}", MaskKind.DOCUMENT: f"/messages/{item['id']}/attachments/2"}
            self.as_(box.holder, "PUT", masks + places.get(kind, f"/correspondents/{HUSHED_BOX}"))
        held = self.standing[box] = self.standing[box]._replace(masked=masked)
        seen = self._newest(box, _CARER)
        folders = self.as_(_CARER, "GET", f"/mailboxes/{box.address}/folders")
        folder = next(one["id"] for one in folders if one["name"] == held.folder_name)
        self.seen_by_carers[box] = held._replace(message=seen["id"], uid=seen["uid"], folder=folder)

    def _letter(self, box: Box) -> dict[str, Any]:
        """A new letter in INBOX, which asks for a read receipt."""
        if box.state is not MailboxState.ACTIVE:
            self.set_state(box, MailboxState.ACTIVE)
        self.as_("stock", "POST", f"/mailboxes/{STOCK_BOX}/messages", {**_ON_REQUEST, "to": [box.address]})
        if box in self.standing and box.state is not MailboxState.ACTIVE:
            self.set_state(box, box.state)
        return self._newest(box, box.holder)

    def _newest(self, box: Box, name: str) -> dict[str, Any]:
        """The newest letter that somebody sees in INBOX."""
        found: dict[str, Any] = self.as_(name, "GET", f"/mailboxes/{box.address}/messages?folder=INBOX&limit=1")["items"][0]
        return found

    def _folder(self, box: Box, name: str) -> str:
        return str(self.as_(box.holder, "POST", f"/mailboxes/{box.address}/folders", {"name": name})["id"])

    def _grant(self, box: Box, person: Person) -> str:
        grant = {"grantee": person.idnat, "rights": ["see"]}
        return str(self.control("POST", f"/mailboxes/{box.address}/grants", grant)["id"])

    def set_state(self, box: Box, state: MailboxState) -> None:
        """Open, suspend or close a mailbox."""
        self.control("PATCH", f"/mailboxes/{box.address}", {"state": state})

    def material(self, box: Box, act: Act, person: Person, *, fresh: bool) -> Material:
        """What the act is done to: what stands there, or for who may do it something new."""
        self._count += 1
        cares = bool(person.cares) and box in self.seen_by_carers
        made = (self.seen_by_carers if cares else self.standing)[box]._replace(word=f"mot{self._count}")
        if not fresh:
            return made
        if act.fresh & {"message", "receipt"}:
            item = self._letter(box)
            item = self._newest(box, person.name) if cares else item
            made = made._replace(message=item["id"], uid=item["uid"])
        if act.name == "delete":
            path = f"/mailboxes/{box.address}/messages/{made.message}"
            self.as_(box.holder, "PATCH", path, {"add": ["\\Deleted"]})
        if "folder" in act.fresh:
            made = made._replace(folder=self._folder(box, f"neuf{self._count}"), folder_name=f"neuf{self._count}")
        if "grant" in act.fresh:
            made = made._replace(grant=self._grant(box, THIRD))
        if "own" in act.fresh:
            made = made._replace(own=self._grant(box, person))
        return made

    def tidy(self, box: Box, act: Act) -> None:
        """Undo what would change who holds what."""
        if act.responsible:
            self.as_(box.holder, "DELETE", f"/mailboxes/{box.address}/holders/{EXTRA.idnat}")

    def state(self, box: Box) -> dict[str, Any]:
        """All that there is to see of a mailbox, but the lines that refusals leave in its journal."""
        self.set_state(box, MailboxState.ACTIVE)
        seen = {part: self.as_(box.holder, "GET", f"/mailboxes/{box.address}{part}") for part in _PARTS}
        seen["journal"] = [line for line in self._journal(box) if line["act"] not in _SILENT]
        seen["all"] = {key: self.control("GET", "/state")[key] for key in ("identities", "mailboxes", "copies", "messages")}
        self.set_state(box, box.state)
        for client in self._open.values():
            if isinstance(client, ImapClient):
                client.opened = ""
        return seen

    def _journal(self, box: Box) -> list[dict[str, Any]]:
        lines, place = [], "/journal?limit=200"
        while True:
            page = self.as_(box.holder, "GET", f"/mailboxes/{box.address}{place}")
            lines += page["items"]
            if page["next_cursor"] is None:
                return lines
            place = f"/journal?limit=200&cursor={page['next_cursor']}"

    def rest(self, person: Person, box: Box, way: Way, request: tuple[str, str, Any], act: Act, address: str) -> Any:
        """What REST answers to an act on the mailbox at an address."""
        method, step, body = request
        chosen = {Way.STAR: f"{box.address}*", Way.ELSEWHERE: f"{ELSEWHERE.address}*"}.get(way, "")
        token = f"Bearer {self._tokens[person.name]}"
        credentials = token if way is Way.TOKEN else basic(chosen + login_of(person), PASSWORD)
        places = (("///", ""), ("//", API), ("", f"{API}/mailboxes/{address}"))  # of the host, of REST, of the mailbox
        begun, above = next(place for place in places if step.startswith(place[0]))
        path = above + step[max(len(begun) - 1, 0) :]
        return self._rest.answer(method, path, body, credentials, act.shown)

    def imap(self, person: Person, box: Box, way: Way) -> ImapClient:
        """His connection; one for all mailboxes where the log-in names none."""
        return self._client(ImapClient, "imap", person, box, way)  # type: ignore[return-value]

    def smtp(self, person: Person, box: Box, way: Way) -> SmtpClient:
        """The same over SMTP."""
        return self._client(SmtpClient, "submission", person, box, way)  # type: ignore[return-value]

    def _client(self, made: type[ImapClient | SmtpClient], door: str, person: Person, box: Box, way: Way) -> ImapClient | SmtpClient:
        key = (door, person.name, way, *((box.address,) if way in (Way.STAR, Way.CERTIFICATE) else ()))
        if key not in self._open:
            self._open[key] = made(self._ready[door]["port"], self._login(person, box, way))
        return self._open[key]

    def _login(self, person: Person, box: Box, way: Way) -> Login:
        tls = self._tls
        if way is Way.CERTIFICATE:
            tls = ssl.create_default_context(cafile=self._ready["ca_file"])
            tls.load_cert_chain(*self._certificate(box))
            return Login("EXTERNAL", "=", tls)
        if way is Way.TOKEN:
            words = f"user={login_of(person)}\x01auth=Bearer {self._tokens[person.name]}\x01\x01"
            return Login("XOAUTH2", base64.b64encode(words.encode()).decode(), tls)
        chosen = {Way.STAR: f"{box.address}*", Way.ELSEWHERE: f"{ELSEWHERE.address}*"}.get(way, "")
        return Login("PLAIN", base64.b64encode(f"\x00{chosen}{login_of(person)}\x00{PASSWORD}".encode()).decode(), tls)

    def _certificate(self, box: Box) -> tuple[Path, Path]:
        serial = self.control("POST", "/certificates", {"mailbox": box.address})["serial"]
        files = self._files / f"{serial}.pem", self._files / f"{serial}.key"
        for file in files:
            file.write_text(self._rest.ask("GET", f"/control/certificates/{serial}/{file.suffix[1:]}")[1])
        return files

    def hang_up(self, box: Box) -> None:
        """Close the connections that were for one mailbox."""
        for key in [key for key in self._open if box.address in key]:
            self._open.pop(key).close()

    def astray(self) -> list[str]:
        """Its counters that do not say what is there, looked at in a snapshot: the world lies in memory.

        Other tests may have run meanwhile, so that connections are over.
        """
        database = self._files / "audit.db"
        with httpx.Client(base_url=self._ready["http"], timeout=60) as client:
            client.post("/control/snapshots", json={"name": "audit"}).raise_for_status()
            content = client.get("/control/snapshots/audit/file").raise_for_status().content
        with zipfile.ZipFile(io.BytesIO(content)) as snapshot:
            database.write_bytes(snapshot.read("mss-sim.db"))
        return astray_at(database)

    def close(self) -> None:
        """Close them all."""
        self._rest.close()
        for client in self._open.values():
            client.close()


_PARTS = ("", "/messages?limit=200", "/folders", "/grants", "/holders", "/conversations?limit=200", "/sent?limit=200")
_SILENT = ("message.refused", "right.refused", "mailbox.changed", "mailbox.visited")
_CARER = "carer who answers"


def login_of(person: Person) -> str:
    """His login."""
    return f"m{person.number}"


def _in_seconds(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def home_of(person: Person) -> str | None:
    """The address of the mailbox that has no prefix over IMAP for somebody who chose none."""
    kinds = {"holder": MailboxKind.PER, "patient": MailboxKind.PATIENT}
    return Box(kinds[person.name], MailboxState.ACTIVE).address if person.name in kinds else None


def grantable(person: Person, box: Box) -> bool:
    """Whether a grant over a mailbox may be given to him."""
    third = IdentityKind.CARER if box.kind is MailboxKind.PATIENT else IdentityKind.APPLICATION
    kinds = (IdentityKind.PROFESSIONAL, IdentityKind.EMPLOYEE, third)
    return person.enabled and not person.anonymous and person.kind in kinds
