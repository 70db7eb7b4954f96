"""The story that the simulator exists for, played over real sockets: `make demo`.

A hospital doctor writes to a practice's shared mailbox; the secretary, to whom it was delegated, logs in by Pro Santé Connect, reads and
answers on its behalf; the receipts come; a letter to nobody comes back; a conversation with a patient is closed. Each step prints what
the wire said.
"""

import base64
import hashlib
import imaplib
import json
import re
import secrets
import smtplib
import ssl
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from email.message import EmailMessage, Message
from email.policy import SMTP
from email.utils import formatdate, make_msgid
from typing import Any, TypeVar

from rich.console import Console

from mss_sim.config.settings import Settings
from mss_sim.testing.builders import xdm_archive
from mss_sim.testing.handle import RunningSimulator

_HOSPITAL = "paul.durand@hopital-ormes.sim.mssante.fr"
_PRACTICE = "tilleuls@cabinet.sim.mssante.fr"
_DOCTOR = "camille.martin@medecin.sim.mssante.fr"
_PATIENT = "285037511300167@patient.mssante.fr"
_NOBODY = "personne@medecin.sim.mssante.fr"
_SHOWN_CHARS = 150
_PATIENCE_SECONDS = 20.0
_Seen = TypeVar("_Seen")


class _NotFollowed(urllib.request.HTTPRedirectHandler):
    """A redirect is shown, not followed: the client's own page is where it leads."""

    def redirect_request(self, *_what: Any) -> None:
        """None is made."""


def until(look: Callable[[], _Seen], holds: Callable[[_Seen], bool]) -> _Seen:
    """What is seen once it is as it should be, or at the end of patience."""
    end = time.monotonic() + _PATIENCE_SECONDS
    seen = look()
    while not holds(seen) and time.monotonic() < end:
        time.sleep(0.05)
        seen = look()
    return seen


class Story:
    """Tells the steps, and stops at the first one that does not go as it should."""

    def __init__(self, running: RunningSimulator) -> None:
        self._running = running
        self._console = Console(highlight=False)
        self._tls = ssl.create_default_context(cafile=running.ready["ca_file"])
        self._browser = urllib.request.build_opener(_NotFollowed, urllib.request.HTTPCookieProcessor())
        self._tokens: dict[str, str] = {}
        self._step = 0

    def step(self, text: str) -> None:
        """Begin a step."""
        self._step += 1
        self._console.print(f"\n[bold]{self._step}. {text}[/bold]", soft_wrap=True)

    def wire(self, side: str, text: str) -> None:
        """Show one line of the wire."""
        flat = " ".join(text.split())
        shown = flat if len(flat) <= _SHOWN_CHARS else flat[:_SHOWN_CHARS] + "…"
        self._console.print(f"   {side} {shown}", markup=False, soft_wrap=True)

    def check(self, holds: bool, text: str) -> None:
        """Show what was found; a story that does not hold ends here."""
        self._console.print(f"   {'=>' if holds else 'WRONG:'} {text}", markup=False, soft_wrap=True)
        if not holds:
            sys.exit(1)

    def smtp(self, role: str, sender: str, to: str, message: EmailMessage, *, options: tuple[str, ...] = ()) -> tuple[int, str]:
        """Send by SMTP as a persona; the last reply. Refused recipients are replies too."""
        persona = self._running.persona(role)
        where = self._running.ready["submission"]
        with smtplib.SMTP(where["host"], where["port"], timeout=30) as client:
            client.starttls(context=self._tls)
            client.ehlo()
            self.wire("C:", f"STARTTLS, EHLO, AUTH PLAIN {persona['login']}")
            self.wire("S:", " ".join(_text(client.login(persona["login"], persona["password"]))))
            for command in (f"MAIL FROM:<{sender}>", " ".join((f"RCPT TO:<{to}>", *options))):
                code, reply = _reply(client, command)
                self.wire("C:", command)
                self.wire("S:", f"{code} {reply}")
                if code >= 400:
                    return code, reply
            octets = message.as_bytes(policy=SMTP)
            code, said = client.data(octets)
            self.wire("C:", f"DATA ({len(octets)} bytes)")
            self.wire("S:", f"{code} {said.decode()}")
            return code, said.decode()

    def log_in(self, role: str) -> None:
        """Log in by Pro Santé Connect, as browser and client: authorization code with PKCE. REST and IMAP use the token from then on."""
        idnat, psc = self._running.persona(role)["idnat"], self._running.ready["psc"]
        found = json.loads(self._ask("GET", f"{psc['issuer']}/.well-known/wallet-openid-configuration")[2])
        verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(8)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        wanted = {"client_id": psc["client_id"], "redirect_uri": psc["redirect_uri"], "response_type": "code", "state": state}
        wanted |= {"scope": "openid scope_all", "acr_values": "eidas1", "code_challenge": challenge, "code_challenge_method": "S256"}
        status, _, page = self._ask("GET", f"{found['authorization_endpoint']}?{urllib.parse.urlencode(wanted)}")
        self.wire("GET", f"/auth?client_id={psc['client_id']}&scope=openid+scope_all&acr_values=eidas1… -> {status}, the page of log-in")
        key = re.search(r'name="key" value="([^"]+)"', page)
        form = {"key": key[1] if key else "", "identity": idnat, "mode": "CARD", "decision": "approve"}
        status, headers, _ = self._ask("POST", f"{found['authorization_endpoint']}/login", form)
        self.wire("POST", f"/auth/login, {idnat} by card -> {status}, back to {headers['Location']}")
        back = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(headers["Location"] or "").query))
        self.check(back.get("state") == state and back.get("iss") == psc["issuer"], "the browser brings a code to her software")
        form = {"grant_type": "authorization_code", "code": back["code"], "redirect_uri": psc["redirect_uri"], "code_verifier": verifier}
        client = {"Authorization": "Basic " + base64.b64encode(f"{psc['client_id']}:{psc['client_secret']}".encode()).decode()}
        status, _, text = self._ask("POST", found["token_endpoint"], form, client)
        self.wire("POST", f"{urllib.parse.urlsplit(found['token_endpoint']).path} -> {status} {text}")
        self._tokens[role] = json.loads(text)["access_token"]
        told = json.loads(self._ask("GET", found["userinfo_endpoint"], None, {"Authorization": f"Bearer {self._tokens[role]}"})[2])
        self.check(told["SubjectNameID"] == idnat, f"a token for {told['given_name']} {told['family_name']}, {told['SubjectNameID']}")

    def imap(self, role: str, mailbox: str) -> imaplib.IMAP4:
        """A connection over STARTTLS, for a mailbox that the persona may see, with the token."""
        token, where = self._tokens[role], self._running.ready["imap"]
        client = imaplib.IMAP4(where["host"], where["port"], timeout=30)
        client.starttls(self._tls)
        self.wire("C:", f"STARTTLS, AUTHENTICATE XOAUTH2 user={mailbox} auth=Bearer {token[:16]}…")
        said: Any = client.authenticate("XOAUTH2", lambda _: f"user={mailbox}\x01auth=Bearer {token}\x01\x01".encode())[1]
        self.wire("S:", _shown(said))
        return client

    def ask(self, client: imaplib.IMAP4, verb: str, *words: str) -> str:
        """One IMAP command; what the server said, on one line."""
        answers: list[Any] = getattr(client, verb.lower())(*([None] if verb == "SEARCH" else []), *words)[1]
        self.wire("C:", " ".join((verb, *words)))
        self.wire("S:", _shown(answers))
        return _shown(answers)

    def rest(self, role: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """One request as a persona, with the token of whoever has one; the status and the decoded JSON."""
        status, found, text = self._rest(role, method, path, body)
        self.wire(method, f"{found} -> {status} {text}")
        return status, json.loads(text or "null")

    def rest_until(self, role: str, path: str, holds: Callable[[Any], bool]) -> Any:
        """The JSON of a GET once it is as it should be: mail between operators travels, and takes its time."""
        status, found, text = until(lambda: self._rest(role, "GET", path, None), lambda answer: holds(json.loads(answer[2])))
        self.wire("GET", f"{found} -> {status} {text}")
        return json.loads(text)

    def _rest(self, role: str, method: str, path: str, body: Any) -> tuple[int, str, str]:
        persona, token = self._running.persona(role), self._tokens.get(role)
        basic = base64.b64encode(f"{persona['login']}:{persona['password']}".encode()).decode()
        headers = {"Authorization": f"Bearer {token}" if token else f"Basic {basic}", "Content-Type": "application/json"}
        data = json.dumps(body).encode() if body is not None else None
        status, _, text = self._ask(method, f"{self._running.ready['http']}/api/v1{path}", data, headers)
        return status, f"{'(Bearer) ' if token else ''}/api/v1{path}", text

    def _ask(
        self, method: str, url: str, sent: dict[str, str] | bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Message, str]:
        """One HTTP request, a form when fields are given; status, headers, text."""
        data = urllib.parse.urlencode(sent).encode() if isinstance(sent, dict) else sent
        request = urllib.request.Request(url, data, headers or {}, method=method)  # noqa: S310 - our own URL
        try:
            with self._browser.open(request, timeout=30) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read().decode()


def _shown(answers: list[Any]) -> str:
    pieces = [piece for answer in answers for piece in (answer if isinstance(answer, tuple) else (answer,)) if piece is not None]
    return " ".join(piece.decode("utf-8", "replace") for piece in pieces)


def _text(reply: tuple[int, bytes]) -> tuple[str, str]:
    return str(reply[0]), reply[1].decode()


def _reply(client: smtplib.SMTP, command: str) -> tuple[int, str]:
    code, said = client.docmd(command)
    return code, said.decode()


def _letter(sender: str, to: str, subject: str, text: str, *, receipt: bool = False, headers: dict[str, str] | None = None) -> EmailMessage:
    message = EmailMessage()
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message["Date"] = formatdate(localtime=True)
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["X-MSS-NIL"] = "DEV0001"
    if receipt:
        message["Disposition-Notification-To"] = sender
    for name, value in (headers or {}).items():
        message[name] = value
    message.set_content(text)
    return message


def _newest(story: Story, role: str, mailbox: str, **filters: str) -> dict[str, Any]:
    query = urllib.parse.urlencode({"folder": "INBOX", "limit": "1", **filters})
    items = story.rest_until(role, f"/mailboxes/{mailbox}/messages?{query}", lambda told: bool(told["items"]))["items"]
    story.check(bool(items), f"{mailbox} has it: {items[0]['subject'] if items else None}")
    found: dict[str, Any] = items[0]
    return found


def _by_imap(story: Story) -> None:
    with story.imap("secretary", _PRACTICE) as client:
        until(lambda: client.select("INBOX")[1], lambda count: count != [b"0"])
        unseen = story.ask(client, "SEARCH", "UNSEEN")
        story.check(unseen == "1", "one letter is unseen")
        shown = story.ask(client, "FETCH", "1", "(ENVELOPE BODYSTRUCTURE)")
        story.check("IHE_XDM.ZIP" in shown, "the archive is announced")
        story.check("Seen" in story.ask(client, "FETCH", "1", "(BODY[1])"), "reading it marks it seen for the whole practice")
        story.check(story.ask(client, "STORE", "1", "+FLAGS", "(\\Deleted)").startswith("[NOPERM]"), "she may not delete it")


def _delegation(story: Story) -> None:
    story.step("The hospital doctor sends a letter with an IHE_XDM.ZIP to the practice's shared mailbox, by SMTP")
    letter = _letter(
        _HOSPITAL, _PRACTICE, "XDM/1.0/DDM+Compte rendu de consultation FONTAINE Claire", "Voici le compte rendu.", receipt=True
    )
    letter.add_attachment(xdm_archive(), maintype="application", subtype="zip", filename="IHE_XDM.ZIP")
    options = ("NOTIFY=SUCCESS,FAILURE", f"ORCPT=rfc822;{_PRACTICE}")
    story.check(story.smtp("hospital", _HOSPITAL, _PRACTICE, letter, options=options)[0] == 250, "accepted, and on disk")

    story.step("The secretary, to whom the mailbox was delegated, logs in by Pro Santé Connect")
    story.log_in("secretary")

    story.step("With her token she finds the letter in her mail program, over IMAP")
    _by_imap(story)

    story.step("She reads it over REST with the same token: the same letter, seen by now")
    unread = _newest(story, "secretary", _PRACTICE, unread="false")
    opened = story.rest("secretary", "GET", f"/mailboxes/{_PRACTICE}/messages/{unread['id']}")[1]
    story.check(opened["attachments"][0]["filename"] == "IHE_XDM.ZIP", "the archive is there")
    story.check(opened["first_read"]["by"]["name"] == "Sophie PETIT", "the mailbox knows that Sophie PETIT read it first")

    story.step("She sends the read receipt that was asked for, and answers on behalf of the mailbox")
    story.check(story.rest("secretary", "POST", f"/mailboxes/{_PRACTICE}/messages/{unread['id']}/receipt")[0] == 201, "receipt sent")
    answer = {"to": [_HOSPITAL], "subject": "Re: compte rendu", "text": "Bien reçu, merci.", "in_reply_to": unread["id"]}
    status, sent = story.rest("secretary", "POST", f"/mailboxes/{_PRACTICE}/messages", answer)
    story.check(status == 201 and sent["mode"] == "send_on_behalf", "sent on behalf of the mailbox")
    received = _newest(story, "hospital", _HOSPITAL, subject="re:")
    headers = dict(story.rest("hospital", "GET", f"/mailboxes/{_HOSPITAL}/messages/{received['id']}")[1]["headers"])
    story.check("Sophie PETIT" in headers["Sender"], f"From: {headers['From']}   Sender: {headers['Sender']}")


def _receipts(story: Story) -> None:
    story.step("The sender has a delivery receipt and a read receipt; his letter has a timeline")
    _newest(story, "hospital", _HOSPITAL, subject="distribu")
    _newest(story, "hospital", _HOSPITAL, subject="lu")
    sent = f"/mailboxes/{_HOSPITAL}/sent?limit=1"
    told = story.rest_until("hospital", sent, lambda told: len(told["items"][0]["recipients"][0]["events"]) >= 4)["items"][0]["recipients"][
        0
    ]
    kinds = [event["kind"] for event in told["events"]]
    story.check(kinds == ["submitted", "relayed", "delivered", "displayed"], f"{told['address']}: {', '.join(kinds)}")

    story.step("A letter to an unknown mailbox of another operator comes back as a non-delivery receipt")
    lost = _letter(_HOSPITAL, _NOBODY, "Pour personne", "?")
    story.check(story.smtp("hospital", _HOSPITAL, _NOBODY, lost)[0] == 250, "accepted: the other operator answers afterwards")
    returned = _newest(story, "hospital", _HOSPITAL, subject="non distribu")
    story.check("5.1.1" in story.rest("hospital", "GET", f"/mailboxes/{_HOSPITAL}/messages/{returned['id']}")[1]["text"], "5.1.1")


def _closure(story: Story) -> None:
    story.step("The doctor writes to a patient, who answers")
    opening = _letter(_DOCTOR, _PATIENT, "Votre ordonnance", "Bonjour, la voici.")
    story.check(story.smtp("doctor", _DOCTOR, _PATIENT, opening)[0] == 250, "the conversation is open")
    _newest(story, "patient", _PATIENT, subject="ordonnance")
    thread = {"In-Reply-To": opening["Message-ID"], "References": opening["Message-ID"]}
    thanks = _letter(_PATIENT, _DOCTOR, "Re: Votre ordonnance", "Merci docteur.", headers=thread)
    story.check(story.smtp("patient", _PATIENT, _DOCTOR, thanks)[0] == 250, "the patient may answer")

    story.step("The doctor closes the conversation; the patient's next answer is refused over both doors")
    conversation = story.rest("doctor", "GET", f"/mailboxes/{_DOCTOR}/conversations?limit=1")[1]["items"][0]
    closed = story.rest("doctor", "POST", f"/mailboxes/{_DOCTOR}/conversations/{conversation['id']}/close")[1]
    story.check(closed["closed"] is True, "closed")
    again = _letter(_PATIENT, _DOCTOR, "Re: Votre ordonnance", "Encore une question.", headers=thread)
    story.check(story.smtp("patient", _PATIENT, _DOCTOR, again)[0] == 550, "refused over SMTP")
    body = {"to": [_DOCTOR], "subject": "Re: Votre ordonnance", "text": "Encore une question."}
    status, problem = story.rest("patient", "POST", f"/mailboxes/{_PATIENT}/messages", body)
    story.check(status == 403 and problem["code"] == "conversation-closed", "refused over REST, by the same rule")


def main() -> None:
    """Play the story against a simulator of its own, on free ports."""
    begun = time.monotonic()
    with RunningSimulator(Settings(submission_port=0, mx_port=0, imap_port=0, http_port=0)) as running:
        story = Story(running)
        _delegation(story)
        _receipts(story)
        _closure(story)
    Console().print(f"\n[bold]The whole story holds, in {time.monotonic() - begun:.1f} s.[/bold]")


if __name__ == "__main__":
    main()
