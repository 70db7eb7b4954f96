"""The people of the tests: real clients over real sockets, one object per persona."""

import asyncio
import base64
import contextlib
import itertools
import smtplib
import ssl
import tempfile
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from typing import Any

import httpx

from mss_sim.app.simulator import Simulator
from mss_sim.core.trust import certificates, operator_certificates, operators
from mss_sim.vocabulary.doors import PeerProof

HOSPITAL = "paul.durand@hopital-ormes.sim.mssante.fr"
WARD = "cardiologie@hopital-ormes.sim.mssante.fr"
PRACTICE = "tilleuls@cabinet.sim.mssante.fr"
DOCTOR = "camille.martin@medecin.sim.mssante.fr"
DOCTOR2 = "hugo.bernard@medecin.sim.mssante.fr"
LABORATORY = "resultats@labo-parc.sim.mssante.fr"
PATIENT = "285037511300167@patient.mssante.fr"
PATIENT2 = "125062a00401714@patient.mssante.fr"
_NUMBERS = itertools.count()


def letter(sender: str, to: str | list[str], subject: str = "Bonjour", text: str = "Bonjour.", **headers: str) -> EmailMessage:
    """A plain letter; keyword names give more headers, `_` standing for `-`."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["Subject"] = sender, subject
    message["To"] = ", ".join(to) if isinstance(to, list) else to
    message["Date"] = "Mon, 05 Jan 2026 09:00:00 +0100"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    if "Message_ID" not in headers:
        message["Message-ID"] = f"<{abs(hash((sender, subject, text, str(headers))))}.{next(_NUMBERS)}@test.sim.mssante.fr>"
    message.set_content(text)
    return message


@dataclass
class Reply:
    """The last SMTP reply of an attempt to send."""

    code: int
    text: str

    @property
    def enhanced(self) -> str:
        return self.text.split(" ", 1)[0]


@dataclass
class Person:
    """One persona with a mail client and a REST client; every connection is new, as scripts do."""

    simulator: Simulator
    role: str
    account: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        ready = self.simulator.ready()
        self.account = next(persona for persona in ready["personas"] if persona["role"] == self.role)
        self._ready = ready

    @property
    def idnat(self) -> str:
        return str(self.account["idnat"])

    async def smtp(self, sender: str, to: str | list[str], message: EmailMessage | bytes, *, mail: str = "", rcpt: str = "") -> Reply:
        """Send over STARTTLS and AUTH; `mail` and `rcpt` are parameters of those commands. The first refusal is returned."""
        raw = message if isinstance(message, bytes) else message.as_bytes(policy=SMTP)
        recipients = [to] if isinstance(to, str) else to
        return await asyncio.to_thread(self._smtp, sender, recipients, raw, mail, rcpt)

    def _smtp(self, sender: str, recipients: list[str], raw: bytes, mail: str, rcpt: str) -> Reply:
        context = ssl.create_default_context(cafile=self._ready["ca_file"])
        with smtplib.SMTP(self._ready["submission"]["host"], self._ready["submission"]["port"], timeout=20) as client:
            client.starttls(context=context)
            client.login(self.account["login"], self.account["password"])
            for command in (f"MAIL FROM:<{sender}> {mail}", *(f"RCPT TO:<{one}> {rcpt}" for one in recipients)):
                code, said = client.docmd(command.strip())
                if code >= 400:
                    return Reply(code, said.decode())
            code, said = client.docmd("DATA")
            assert code == 354, said
            client.send(raw.replace(b"\r\n.", b"\r\n..") + b".\r\n")
            code, said = client.getreply()
            return Reply(code, said.decode())

    async def rest(self, method: str, path: str, json: Any = None, **options: Any) -> httpx.Response:
        """One REST request under /api/v1 with Basic authentication."""
        auth = (self.account["login"], self.account["password"])
        async with httpx.AsyncClient(base_url=self._ready["http"], auth=auth, timeout=20) as client:
            return await client.request(method, f"/api/v1{path}", json=json, **options)

    async def get(self, path: str, **params: Any) -> Any:
        """The JSON of a GET that must succeed."""
        answer = await self.rest("GET", path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def inbox(self, mailbox: str, **filters: Any) -> list[dict[str, Any]]:
        """The summaries in INBOX, newest first."""
        found: list[dict[str, Any]] = (await self.get(f"/mailboxes/{mailbox}/messages", folder="INBOX", **filters))["items"]
        return found

    async def open(self, mailbox: str, message_id: str) -> dict[str, Any]:
        """One message, parsed."""
        found: dict[str, Any] = await self.get(f"/mailboxes/{mailbox}/messages/{message_id}")
        return found

    async def post_raw(self, mailbox: str, raw: bytes) -> httpx.Response:
        """Send a whole message by REST."""
        return await self.rest("POST", f"/mailboxes/{mailbox}/messages", content=raw, headers={"Content-Type": "message/rfc822"})

    async def send(self, mailbox: str, **fields: Any) -> httpx.Response:
        """Send by REST."""
        return await self.rest("POST", f"/mailboxes/{mailbox}/messages", json={"subject": "Bonjour", "text": "Bonjour.", **fields})


@dataclass
class Peer:
    """Another operator's mail server, speaking to the MX port; it shows the certificate of the operator whose domain it sends from.

    With a null return path, that is the domain of From. Where no certificate is asked for, it speaks in clear.
    """

    simulator: Simulator

    async def send(self, sender: str, to: list[str], message: EmailMessage | bytes, *, mail: str = "", rcpt: str = "") -> Reply:
        """Bring one letter; the first refusal is returned."""
        raw = message if isinstance(message, bytes) else message.as_bytes(policy=SMTP)
        asked = self.simulator.settings.peers.proof is PeerProof.CERTIFICATE
        author = parseaddr(str(message_from_bytes(raw)["From"] or ""))[1]
        shown = await self._certificate((sender or author).rpartition("@")[2]) if asked else None
        return await asyncio.to_thread(self._send, shown, sender, to, raw, mail, rcpt)

    async def _certificate(self, domain: str) -> str:
        """Key and chain (PEM) of the operator of a domain, of the first one for a domain that is nobody's."""
        world = self.simulator.world
        known = await operators.list_all(world)
        found = await operator_certificates.certificate_of(world, next((one for one in known if domain in one.domains), known[0]))
        return found.key + certificates.with_chain(world, found)

    async def extensions(self) -> dict[str, str]:
        """What EHLO announces, by name in lower case."""
        return await asyncio.to_thread(self._extensions)

    def _extensions(self) -> dict[str, str]:
        where = self.simulator.ready()["mx"]
        with smtplib.SMTP(where["host"], where["port"], timeout=20) as client:
            client.ehlo("mta.example")
            return client.esmtp_features

    def _send(self, shown: str | None, sender: str, to: list[str], raw: bytes, mail: str, rcpt: str) -> Reply:
        where = self.simulator.ready()["mx"]
        with smtplib.SMTP(where["host"], where["port"], timeout=20) as client:
            client.command_encoding = "utf-8"
            client.ehlo("mta.example")
            if shown is not None:
                client.starttls(context=_showing(self.simulator.ready()["ca_file"], shown))
                client.ehlo("mta.example")
            for command in (f"MAIL FROM:<{sender}> {mail}", *(f"RCPT TO:<{one}> {rcpt}" for one in to)):
                code, said = client.docmd(command.strip())
                if code >= 400:
                    return Reply(code, said.decode())
            client.docmd("DATA")
            client.send(raw.replace(b"\r\n.", b"\r\n..") + b".\r\n")
            code, said = client.getreply()
            return Reply(code, said.decode())


def _showing(authority: str, shown: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=authority)
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(shown)
        file.flush()
        context.load_cert_chain(file.name)
    return context


async def control(simulator: Simulator, method: str, path: str, json: Any = None) -> httpx.Response:
    """One request to the control plane."""
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], timeout=20) as client:
        return await client.request(method, f"/control{path}", json=json)


def base64_of(octets: bytes) -> str:
    """Base64 text for JSON."""
    return base64.b64encode(octets).decode()


@dataclass
class ImapClient:
    """A mail client that shows every line: one IMAP connection over STARTTLS."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    count: int = 0

    @classmethod
    async def open(
        cls,
        simulator: Simulator,
        name: str = "",
        password: str = "",
        *,
        where: dict[str, Any] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> "ImapClient":
        """Connect, start TLS and, when a name is given, log in; AssertionError when that is refused."""
        ready = where or simulator.ready()
        reader, writer = await asyncio.open_connection("localhost", ready["imap"]["port"])
        client = cls(reader, writer)
        await reader.readline()
        assert (await client.ask("STARTTLS"))[-1].startswith("OK")
        await writer.start_tls(tls or ssl.create_default_context(cafile=ready["ca_file"]), server_hostname="localhost")
        if name:
            answer = await client.ask(f'LOGIN "{name}" {password}')
            assert answer[-1].startswith("OK"), answer
        return client

    async def ask(self, command: str) -> list[str]:
        """The untagged lines of a command, then its tagged line without the tag."""
        self.count += 1
        tag = f"x{self.count}"
        self.writer.write(f"{tag} {command}\r\n".encode())
        lines: list[str] = []
        while True:
            line = await self.line()
            if line.startswith(f"{tag} "):
                return [*lines, line.removeprefix(f"{tag} ")]
            lines.append(line)

    async def line(self) -> str:
        """The next line; EOFError when the server closed."""
        octets = await asyncio.wait_for(self.reader.readline(), 20)
        if not octets:
            raise EOFError
        return octets.decode("utf-8").removesuffix("\r\n")

    async def append(self, folder: str, message: bytes, flags: str = "") -> list[str]:
        """APPEND as a literal that waits for nothing."""
        shown = f"({flags}) " if flags else ""
        return await self.ask(f'APPEND "{folder}" {shown}{{{len(message)}+}}\r\n{message.decode()}')

    async def idle(self) -> None:
        """Begin to idle."""
        self.writer.write(b"i IDLE\r\n")
        assert await self.line() == "+ idling"

    async def done(self) -> list[str]:
        """End it; what was told meanwhile."""
        self.writer.write(b"DONE\r\n")
        lines = [await self.line()]
        while not lines[-1].startswith("i "):
            lines.append(await self.line())
        return lines[:-1]

    async def close(self) -> None:
        """Hang up."""
        self.writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await self.writer.wait_closed()
