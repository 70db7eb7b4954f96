"""The shapes of evidence, as OpenAPI shows them."""

from datetime import datetime
from typing import Any

from pydantic import Field

from mss_sim.http import examples
from mss_sim.http.shapes import Out
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.evidence import SessionEnd, SessionVerdict

_RULES: dict[str, Any] = {"examples": [{"right-missing": 1}]}


class TlsOut(Out):
    """The TLS of a connection, or of the newest one of an HTTP client; `error` where the handshake failed."""

    version: str | None = Field(examples=["TLSv1.3"])
    suite: str | None = Field(examples=["TLS_AES_256_GCM_SHA384"])
    resumed: str | None = Field(examples=["no"])
    sni: str | None = Field(examples=["mail.sim.mssante.fr"])
    client_dn: str | None = Field(examples=[examples.CERTIFICATE_DN])
    client_serial: str | None = Field(examples=[examples.SERIAL])
    client_verified: str | None = Field(examples=["yes"])
    error: str | None = Field(examples=[None])


class CostsOut(Out):
    """What it cost the server. Octets are those within TLS; of HTTP, heads and bodies."""

    connections: int = Field(examples=[1])
    commands: int = Field(examples=[12])
    letters_sent: int = Field(examples=[1])
    letters_read: int = Field(examples=[2])
    """Letters handed out whole: read again, they count again."""
    commands_per_letter: float | None = Field(examples=[4.0])
    octets_in: int = Field(examples=[2_048])
    octets_out: int = Field(examples=[4_096])
    polls: int = Field(examples=[3])
    """Commands that only ask for news: NOOP, CHECK, STATUS; over HTTP, what was read in this session before, without `wait`."""
    retries: int = Field(examples=[0])
    """Commands and letters that were refused to the same client before; each refusal counts once."""
    duplicates: int = Field(examples=[0])
    """Letters taken that the same client had brought before: of the same Message-ID, or the same octets."""


class SessionOut(Out):
    """One session: a connection of SMTP or IMAP, a run of requests over HTTP."""

    id: str
    door: Door
    peer: str = Field(examples=["127.0.0.1"])
    client: str | None = Field(examples=["client.example"])
    """How the client calls itself: by EHLO, by ID, as User-Agent."""
    client_id: str | None = Field(examples=["mss-sim-client"])
    """The client of Pro Santé Connect."""
    who: str | None = Field(examples=["899700420013"])
    """The idNat that logged in."""
    mailbox: str | None = Field(examples=[examples.DOCTOR])
    trap: str | None = Field(examples=[None])
    opened_at: datetime
    last_at: datetime
    """When something was said last."""
    closed_at: datetime | None
    """Null while it goes on."""
    ended: SessionEnd | None
    verdict: SessionVerdict
    refusals: int = Field(examples=[1])
    rules: dict[str, int] = Field(json_schema_extra=_RULES)
    """How often each rule refused something; errors of Pro Santé Connect by their code."""
    mistakes: int = Field(examples=[0])
    """How often the protocol alone said no."""
    tls: TlsOut | None
    costs: CostsOut


class SessionPage(Out):
    items: list[SessionOut]
    next_cursor: str | None
    """Give it back as `cursor` for the next page; null on the last one."""


class SessionRefusalOut(Out):
    """One refusal. `rule` is null where the protocol alone says no; `reference` is where the rule comes from."""

    at: datetime
    command: str = Field(examples=["MAIL FROM:<tilleuls@cabinet.sim.mssante.fr>"])
    """The beginning of what was refused."""
    answer: str = Field(examples=["553 5.7.1"])
    rule: str | None = Field(examples=["send-not-allowed"])
    detail: str = Field(examples=["You may not send from this mailbox."])
    reference: str | None = Field(examples=["quirks#from-not-allowed"])
    subject: str | None = Field(examples=[examples.PRACTICE])


class TranscriptLine(Out):
    at: datetime
    side: str = Field(examples=["C"])
    text: str = Field(examples=["EHLO client.example"])


class SessionDetailOut(SessionOut):
    letters: list[str] = Field(examples=[["<question@medecin.sim.mssante.fr>"]])
    """The Message-IDs of letters that it brought by SMTP, taken or not; the last of them."""
    refused: list[SessionRefusalOut]
    """The last of them."""
    transcript: list[TranscriptLine]


class ClientCostsOut(Out):
    """One client at one door, as one person."""

    door: Door
    client: str | None = Field(examples=["client.example"])
    who: str | None = Field(examples=["899700420013"])
    first_at: datetime
    last_at: datetime
    sessions: int = Field(examples=[2])
    refusals: int = Field(examples=[1])
    rules: dict[str, int] = Field(json_schema_extra=_RULES)
    mistakes: int = Field(examples=[0])
    costs: CostsOut
