"""The clients of the demonstration, and how it tells what they do: SMTP, IMAP, REST and Pro Santé Connect by the standard library."""

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
from dataclasses import dataclass
from email.message import EmailMessage, Message
from email.policy import SMTP
from enum import StrEnum
from typing import Any, TypeVar

from rich.console import Console

from mss_sim.testing.documents import PersonaDocument, Ready

_SHOWN_CHARS = 150
_PATIENCE_SECONDS = 20.0
_Seen = TypeVar("_Seen")


class Language(StrEnum):
    """In which language the story is told; what stands on the wire is as it is."""

    ENGLISH = "en"
    FRENCH = "fr"


@dataclass(frozen=True, slots=True)
class Telling:
    """How the story is told. `step_by_step` waits for Enter after each step, `whole` shows lines of the wire uncut."""

    language: Language = Language.ENGLISH
    step_by_step: bool = False
    whole: bool = False


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
    """Tells the steps, and stops at the first one that does not go as it should. `ready` is what the ready file says."""

    def __init__(self, ready: Ready, telling: Telling) -> None:
        self.ready = ready
        self._personas = {one["role"]: one for one in ready["personas"]}
        self._telling = telling
        self._console = Console(highlight=False)
        self._tls = ssl.create_default_context(cafile=ready["ca_file"])
        self._browser = urllib.request.build_opener(_NotFollowed, urllib.request.HTTPCookieProcessor())
        self._tokens: dict[str, str] = {}
        self._step = 0

    def persona(self, role: str) -> PersonaDocument:
        """Who plays a role; the story ends where the world has nobody for it."""
        if role not in self._personas:
            self.check(
                False, f"this world has no {role}: play it in the seed cabinet", f"ce monde n'a pas de {role} : il faut le jeu cabinet"
            )
        return self._personas[role]

    def text(self, en: str, fr: str) -> str:
        """The text in the language of the story."""
        return fr if self._telling.language is Language.FRENCH else en

    def step(self, en: str, fr: str) -> None:
        """Begin a step; step by step, once Enter was typed."""
        if self._step and self._telling.step_by_step:
            self._console.print(self.text("   [Enter]", "   [Entrée]"), markup=False, end="")
            sys.stdin.readline()
        self._step += 1
        self._console.print(f"\n[bold]{self._step}. {self.text(en, fr)}[/bold]", soft_wrap=True)

    def wire(self, side: str, text: str) -> None:
        """Show one line of the wire."""
        flat = " ".join(text.split())
        shown = flat if self._telling.whole or len(flat) <= _SHOWN_CHARS else flat[:_SHOWN_CHARS] + "…"
        self._console.print(f"   {side} {shown}", markup=False, soft_wrap=True)

    def row(self, text: str) -> None:
        """Show one row of a table."""
        self._console.print(f"      {text}", markup=False, soft_wrap=True)

    def check(self, holds: bool, en: str, fr: str) -> None:
        """Show what was found; a story that does not hold ends here."""
        mark = "=>" if holds else self.text("WRONG:", "ERREUR :")
        self._console.print(f"   {mark} {self.text(en, fr)}", markup=False, soft_wrap=True)
        if not holds:
            sys.exit(1)

    def end(self, en: str, fr: str) -> None:
        """The last line."""
        self._console.print(f"\n[bold]{self.text(en, fr)}[/bold]", soft_wrap=True)

    # By SMTP and IMAP

    def smtp(self, role: str, sender: str, to: str, message: EmailMessage, *, options: tuple[str, ...] = ()) -> tuple[int, str]:
        """Send by SMTP as a persona; the last reply. Refused recipients are replies too."""
        persona, where = self.persona(role), self.ready["submission"]
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
            self.wire("C:", f"DATA ({len(octets)} octets)")
            self.wire("S:", f"{code} {said.decode()}")
            return code, said.decode()

    def imap(self, role: str, mailbox: str) -> imaplib.IMAP4:
        """A connection over STARTTLS, for a mailbox that the persona may see, with the token."""
        token, where = self._tokens[role], self.ready["imap"]
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

    # By Pro Santé Connect and REST

    def log_in(self, role: str) -> None:
        """Log in by Pro Santé Connect, as browser and client: authorization code with PKCE. REST and IMAP use the token from then on."""
        idnat, psc = self.persona(role)["idnat"], self.ready["psc"]
        found = json.loads(self._request("GET", f"{psc['issuer']}/.well-known/wallet-openid-configuration")[2])
        verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(8)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        wanted = {"client_id": psc["client_id"], "redirect_uri": psc["redirect_uri"], "response_type": "code", "state": state}
        wanted |= {"scope": "openid scope_all", "acr_values": "eidas1", "code_challenge": challenge, "code_challenge_method": "S256"}
        status, _, page = self._request("GET", f"{found['authorization_endpoint']}?{urllib.parse.urlencode(wanted)}")
        shown = self.text("the page of log-in", "la page de connexion")
        self.wire("GET", f"/auth?client_id={psc['client_id']}&scope=openid+scope_all&acr_values=eidas1&… -> {status}, {shown}")
        key = re.search(r'name="key" value="([^"]+)"', page)
        form = {"key": key[1] if key else "", "identity": idnat, "mode": "CARD", "decision": "approve"}
        status, headers, _ = self._request("POST", f"{found['authorization_endpoint']}/login", form)
        self.wire("POST", f"/auth/login identity={idnat} mode=CARD -> {status} Location: {headers['Location']}")
        back = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(headers["Location"] or "").query))
        held = back.get("state") == state and back.get("iss") == psc["issuer"]
        self.check(held, "the browser brings a code to her software", "le navigateur apporte un code à son logiciel")
        form = {"grant_type": "authorization_code", "code": back["code"], "redirect_uri": psc["redirect_uri"], "code_verifier": verifier}
        client = {"Authorization": "Basic " + base64.b64encode(f"{psc['client_id']}:{psc['client_secret']}".encode()).decode()}
        status, _, text = self._request("POST", found["token_endpoint"], form, client)
        self.wire("POST", f"{urllib.parse.urlsplit(found['token_endpoint']).path} -> {status} {text}")
        self._tokens[role] = json.loads(text)["access_token"]
        told = json.loads(self._request("GET", found["userinfo_endpoint"], None, {"Authorization": f"Bearer {self._tokens[role]}"})[2])
        who = f"{told['given_name']} {told['family_name']}, {told['SubjectNameID']}"
        self.check(told["SubjectNameID"] == idnat, f"a token for {who}", f"un jeton pour {who}")

    def rest(self, role: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """One request as a persona, with the token of one who has one; the status and the decoded JSON."""
        status, found, text = self._rest(role, method, path, body)
        self.wire(method, f"{found} -> {status} {text}")
        return status, json.loads(text or "null")

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of one request to the control plane."""
        data = json.dumps(body).encode() if body is not None else None
        status, _, text = self._request(method, f"{self.ready['http']}/control{path}", data, {"Content-Type": "application/json"})
        self.wire(method, f"/control{path} -> {status} {text}")
        return json.loads(text or "null")

    def rest_until(self, role: str, path: str, holds: Callable[[Any], bool]) -> Any:
        """The JSON of a GET once it is as it should be: mail between operators travels, and takes its time."""
        status, found, text = until(lambda: self._rest(role, "GET", path, None), lambda answer: holds(json.loads(answer[2])))
        self.wire("GET", f"{found} -> {status} {text}")
        return json.loads(text)

    def looked_up(self, role: str, path: str) -> Any:
        """The JSON of a GET that is not told."""
        return json.loads(self._rest(role, "GET", path, None)[2])

    def _rest(self, role: str, method: str, path: str, body: Any) -> tuple[int, str, str]:
        persona, token = self.persona(role), self._tokens.get(role)
        basic = base64.b64encode(f"{persona['login']}:{persona['password']}".encode()).decode()
        headers = {"Authorization": f"Bearer {token}" if token else f"Basic {basic}", "Content-Type": "application/json"}
        data = json.dumps(body).encode() if body is not None else None
        status, _, text = self._request(method, f"{self.ready['http']}/api/v1{path}", data, headers)
        return status, f"{'(Bearer) ' if token else ''}/api/v1{path}", text

    def _request(
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
