"""What can be set, by subject, with its unit and its reason.

A default that is our choice, because no public text gives the rule, has a line in docs/quirks.md (a test checks it).
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from mss_sim.vocabulary.doors import PeerProof, TokenExpiry, TokenRefusal, UntrustedPeer
from mss_sim.vocabulary.mailboxes import SendMode
from mss_sim.vocabulary.psc import AuthMode
from mss_sim.vocabulary.trust import CrlPoint, KeyKind

TLS_1_3_SUITES = ("TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256")
_TLS_1_2_SUITES = tuple(
    f"ECDHE-{kind}-{cipher}" for kind in ("ECDSA", "RSA") for cipher in ("AES256-GCM-SHA384", "AES128-GCM-SHA256", "CHACHA20-POLY1305")
)

_HOST = r"^[A-Za-z0-9._:*-]{1,253}$"
_BASE_URL = r"^https?://[^/?#\s]+$"


class Subject(BaseModel):
    """Settings of one subject."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Submission(Subject):
    """SMTP submission."""

    port: int = Field(default=1587, ge=0, le=65535, description="SMTP submission; 0 takes any free port.")


class Mx(Subject):
    """SMTP between operators."""

    port: int = Field(default=1025, ge=0, le=65535, description="SMTP between operators; 0 takes any free port.")


class Imap(Subject):
    """The IMAP door."""

    port: int = Field(default=1143, ge=0, le=65535, description="IMAP; 0 takes any free port.")
    login_timeout_seconds: float = Field(default=60, gt=0, description="Silence of an IMAP client that has not logged in.")
    idle_timeout_seconds: float = Field(default=1_800, gt=0, description="Silence of one that has (ref: rfc9051#5.4).")
    line_bytes_max: int = Field(default=65_536, ge=8_192, description="Text of one IMAP command, literals apart (ref: rfc7162#4).")
    literal_bytes_before_login_max: int = Field(default=8_192, ge=1_024, description="Literals of one command before login.")
    capabilities_masked: frozenset[str] = Field(
        default=frozenset(), description='Capabilities that are not offered, to imitate a poorer operator: ["MOVE", "UIDPLUS"].'
    )
    append_messages_max: int = Field(default=100, ge=1, description="Messages of one APPEND (ref: rfc3502#6.3.11).")
    recent: bool = Field(default=True, description="Whether IMAP4rev1 sessions are told what is \\Recent (ref: rfc3501#2.3.2).")
    new_folders_subscribed: bool = Field(default=True, description="Whether a folder is subscribed before anybody says SUBSCRIBE.")
    delete_empty_only: bool = Field(default=False, description="DELETE takes a folder only when it holds neither messages nor folders.")


class Http(Subject):
    """REST, the control plane, and Pro Santé Connect."""

    port: int = Field(default=8080, ge=0, le=65535, description="REST and control plane; 0 takes any free port.")
    hosts: tuple[str, ...] = Field(
        default=(),
        description="Names that HTTP clients know the simulator by, besides localhost, host, hostname, certificate_hosts; others get 421.",
    )
    proxies: tuple[str, ...] = Field(
        default=(), description="Addresses of reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed; none by default."
    )
    connections_max: int = Field(default=4_000, ge=1, description="Open HTTP connections, and as many HTTPS ones.")
    head_bytes_max: int = Field(default=65_536, ge=8_192, description="Request line and header fields of one request.")
    body_bytes_max: int = Field(default=1_048_576, ge=1_024, description="Body of a request that is not a letter.")
    values_max: int = Field(default=20_000, ge=100, description="Values in a JSON body: its texts, and what commas part.")
    head_timeout_seconds: float = Field(default=30, gt=0, description="Time for the head of a request.")
    body_timeout_seconds: float = Field(default=60, gt=0, description="Silence in a body, and of a client that takes no answer.")
    keep_alive_seconds: int = Field(default=30, ge=1, description="Silence after an answer that ends a connection.")
    idempotency_seconds: int = Field(default=86_400, ge=1, description="How long an Idempotency-Key is remembered.")


class Https(Subject):
    """The same in TLS."""

    port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description="The same in TLS, for clients with a certificate; none: off, 0 takes any free port.",
    )


class Dns(Subject):
    """Names of the simulated domains."""

    port: int | None = Field(default=None, ge=0, le=65535, description="DNS of the simulated domains, UDP and TCP; none: off.")


class Smtp(Subject):
    """Both SMTP doors."""

    command_timeout_seconds: float = Field(default=300, gt=0, description="Silence before a connection is closed (ref: rfc5321#4.5.3.2.7).")
    data_timeout_seconds: float = Field(default=600, gt=0, description="Silence in the middle of DATA (ref: rfc5321#4.5.3.2.5).")
    command_bytes_max: int = Field(default=12_288, ge=1_024, description="One command line; AUTH carries a JWT of 4 KiB in base64.")


class Connections(Subject):
    """Connections of clients, over SMTP, IMAP and LDAP."""

    max: int = Field(default=500, ge=1, description="Open connections in all, over SMTP and as many over IMAP and LDAP each.")
    per_identity_max: int = Field(
        default=10, ge=1, description="Open connections of one identity, over SMTP and as many over IMAP (ceiling seen in the field)."
    )
    bad_commands_max: int = Field(default=10, ge=1, description="Refused commands after which the connection is closed.")
    bad_passwords_max: int = Field(default=5, ge=1, description="Failed log-ins after which the connection is closed.")


class WrongPasswords(Subject):
    """Password guessing over HTTP."""

    max: int = Field(default=10, ge=1, description="Wrong passwords of a client for one login before HTTP answers 429.")
    pause_seconds: float = Field(default=30, gt=0, description="How long it does; the first ones are slowed down only.")


class Message(Subject):
    """What a letter may be, and what is written above it."""

    size_bytes_max: int = Field(default=25_000_000, ge=1_000, description="Whole message, encoded, unless the operator sets its own.")
    header_size_bytes_max: int = Field(default=256 * 1024, ge=1_000, description="Header block of a message.")
    header_count_max: int = Field(default=1_000, ge=10, description="Header fields of one message or part.")
    mime_parts_max: int = Field(default=1_000, ge=1, description="MIME parts of one message.")
    mime_depth_max: int = Field(default=100, ge=1, description="Levels of nested MIME parts.")
    recipients_max: int = Field(default=100, ge=1, description="Recipients of one message (ref: rfc5321#4.5.3.1.8).")
    missing_fields_added: bool = Field(
        default=False, description="A letter that is sent without Message-ID or Date gets them (ref: rfc6409#8.2, rfc6409#8.3)."
    )
    bcc_removed: bool = Field(default=False, description="A Bcc field that a client left in its letter is cut out (ref: rfc5322#3.6.3).")
    trace_headers: bool = Field(default=True, description="Return-Path and Received are written above what was accepted.")


class Mailbox(Subject):
    """What a mailbox may hold."""

    quota_bytes: int = Field(default=1_000_000_000, ge=0, description="Room of a mailbox whose own quota is not set.")
    folders_max: int = Field(
        default=1_000, ge=6, description="Folders of a mailbox, special ones included: LIST walks all that one may see, at every call."
    )

    postmaster_made: bool = Field(
        default=True, description="Whether postmaster@ a domain served here is made at its first letter (ref: rfc5321#4.5.1)."
    )
    magic_slow_seconds: float = Field(default=30.0, ge=0, le=600, description="How late the magic address slow-30s is answered at RCPT.")
    magic_made: bool = Field(default=True, description="Whether a magic address at a domain served here is made at its first letter.")


class Search(Subject):
    """Search in bodies."""

    text_chars_max: int = Field(default=16_384, ge=0, description="Characters of a body kept for text search.")
    query_chars_max: int = Field(default=1_000, ge=100, le=1_400, description="Characters of one text that a search looks for.")


class Sent(Subject):
    """Copies of what was sent."""

    copy_on_submission: bool = Field(default=True, description="A letter sent by SMTP is filed in Sent as one sent by REST is.")
    append_once: bool = Field(
        default=True, description="A letter that lies in Sent since it was sent is not filed again when its client appends it there."
    )


class Delegation(Subject):
    """Acting for a mailbox."""

    send_precedence: SendMode = Field(default=SendMode.AS, description="Which right speaks when a delegate holds both send rights.")
    tick_seconds: float = Field(default=0.25, gt=0, description="Interval for checking expired grants.")
    grants_end_with_owner: bool = Field(
        default=False, description="Whether the grants that the owner of a mailbox gave end when it is handed over."
    )


class Login(Subject):
    """Logging in to mail."""

    plus: bool = Field(default=False, description="Whether login+mailbox opens a mailbox as mailbox*login does.")
    oauthbearer: bool = Field(default=False, description="Whether OAUTHBEARER is offered beside XOAUTH2.")
    app_passwords: bool = Field(default=False, description="Whether APP mailboxes open without a certificate, in the development profile.")


class Token(Subject):
    """Access tokens."""

    lifetime_seconds: int = Field(default=120, ge=1, description="Life of an access token (ref: psc#lifetimes).")
    bytes_max: int = Field(default=8_192, ge=1_024, description="Longest token that is looked at.")
    refusal: TokenRefusal = Field(default=TokenRefusal.PLAIN, description="How a refused token is told.")
    expiry: TokenExpiry = Field(default=TokenExpiry.KEEP, description="What becomes of a connection whose token expires.")


class Peers(Subject):
    """Mail between operators."""

    proof: PeerProof = Field(default=PeerProof.CERTIFICATE, description="What a peer operator must show at the MX port.")
    untrusted: UntrustedPeer = Field(default=UntrustedPeer.REPLY, description="How a certificate of another authority is refused.")
    allowed: tuple[str, ...] = Field(default=(), description="Hosts beside this machine that mail may be carried to.")
    unknown_bounces: bool = Field(default=True, description="An unknown mailbox of another operator is accepted, then bounced.")


class WhiteList(Subject):
    """The list of operators."""

    age_seconds_max: float = Field(default=86_400, gt=0, description="Age at which the white list is too old to be applied.")


class WatchList(Subject):
    """Sent letters that are not delivered, or not opened."""

    after_days: int = Field(default=7, ge=0, le=3_650, description="Days after which a delivered, unopened letter is listed.")
    unasked: bool = Field(default=False, description="Whether letters that asked for no read receipt are listed as not opened too.")
    digest_hour: int = Field(default=7, ge=0, le=23, description="Hour of the daily letter, by local_time, where a mailbox names none.")


class Queue(Subject):
    """Deferred mail."""

    retry_seconds: float = Field(default=60, gt=0, description="First wait before a deferred recipient is tried again; it doubles.")
    retry_seconds_max: float = Field(default=3_600, gt=0, description="Longest wait between two tries.")
    delayed_after_seconds: float = Field(default=4 * 3_600, gt=0, description="Age at which a delayed notification leaves.")
    expires_after_seconds: float = Field(default=5 * 86_400, gt=0, description="Age at which deferred mail fails (ref: rfc5321#4.5.4.1).")
    lease_seconds: float = Field(default=660, gt=0, description="How long a try may take before its process is taken for dead.")
    poll_seconds: float = Field(default=1.0, gt=0, description="How often the queue looks at the clock.")
    tries_per_operator_max: int = Field(default=16, ge=1, description="Letters to one operator that are tried at once.")


class Psc(Subject):
    """Pro Santé Connect."""

    base_url: str | None = Field(
        default=None, pattern=_BASE_URL, description="Scheme, host and port under which Pro Santé Connect is seen; none: the HTTP port."
    )
    wallet_url: str | None = Field(
        default=None, pattern=_BASE_URL, description="Base of the authorization endpoint, on another host; none: as the rest."
    )
    mtls_url: str | None = Field(
        default=None, pattern=_BASE_URL, description="HTTPS base that asks for client certificates; none: the HTTPS port, where it is open."
    )
    clients_file: Path | None = Field(default=None, description="JSON or TOML file of clients that are registered at every start.")
    acr: str = Field(default="eidas1", min_length=1, description="Least level of assurance that is asked for and that mail servers take.")
    acr_card: str | None = Field(default=None, min_length=1, description="Level that a log-in by card gives; none: acr.")
    acr_mobile: str | None = Field(default=None, min_length=1, description="Level that a log-in by phone gives; none: acr.")
    acr_required: bool = Field(default=True, description="acr_values must name it, or a higher one, at log-in; tokens must carry it.")
    acr_values_supported: tuple[str, ...] | None = Field(
        default=None, description="Levels that discovery names, true or not; none: those that are given here."
    )
    introspection_own_only: bool = Field(default=False, description="A client is told of its own tokens alone; others are inactive.")
    pkce_plain: bool = Field(default=False, description="PKCE with the method plain is taken, as the national discovery says.")
    state_nonce_required: bool = Field(default=False, description="An authorization request without state or nonce is refused.")
    refresh_rotation: bool = Field(default=True, description="A refresh token is used once; else it stays good until its time is over.")
    auto_approve: bool = Field(default=False, description="The person in login_hint is logged in at once, without a page; for CI.")
    code_seconds: int = Field(default=60, ge=1, description="Life of an authorization code, and of a log-in page ten times as long.")
    refresh_seconds: int = Field(default=1_800, ge=1, description="Life of a refresh token (ref: psc#lifetimes).")
    session_idle_seconds: int = Field(default=1_800, ge=1, description="Idle time that ends a session (ref: psc#lifetimes).")
    session_seconds_max: int = Field(default=14_400, ge=1, description="Longest life of a session (ref: psc#lifetimes).")
    ciba_seconds: int = Field(default=120, ge=1, description="Time to approve a CIBA request (ref: psc#ciba).")
    ciba_interval_seconds: int = Field(default=5, ge=0, description="Least time between two polls of a CIBA request.")
    kept_max: int = Field(default=20_000, ge=10, description="Sessions, and as many codes, refresh tokens and requests, that are kept.")

    def acr_by(self, mode: AuthMode) -> str:
        """The level of assurance that a log-in by card or by phone gives."""
        return (self.acr_card if mode is AuthMode.CARD else self.acr_mobile) or self.acr


class Tls(Subject):
    """What every door speaks."""

    suites: dict[Literal["TLSv1.2", "TLSv1.3"], tuple[str, ...]] = Field(
        default={"TLSv1.2": _TLS_1_2_SUITES, "TLSv1.3": TLS_1_3_SUITES},
        min_length=1,
        description="Versions that are spoken and the suites of each, OpenSSL's names (ref: ref2#ECO.1.1.1, ref2#ECO.1.1.3).",
    )
    client_certificates_asked: bool = Field(
        default=True, description="Whether submission, MX, IMAP and HTTPS ask for a client certificate."
    )

    @field_validator("suites")
    @classmethod
    def _check_suites(cls, suites: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        if set(suites.get("TLSv1.3", TLS_1_3_SUITES)) != set(TLS_1_3_SUITES):
            raise ValueError(
                f"Python offers no choice among the suites of TLS 1.3: name all, {', '.join(TLS_1_3_SUITES)}, or leave TLSv1.3 out"
            )
        if not all(suites.values()):
            raise ValueError("a version without a suite cannot be spoken: leave it out")
        return suites


class Certificate(Subject):
    """Certificates that are issued."""

    key: KeyKind = Field(default=KeyKind.P_256, description="Key of servers' and clients' certificates.")
    days: int = Field(default=1_095, ge=1, le=3_000, description="Life of a certificate, unless an order says otherwise.")
    hosts: tuple[Annotated[str, Field(pattern=_HOST)], ...] = Field(
        default=(),
        max_length=50,
        description="Further names and addresses that the listeners' certificate holds, and that HTTP is known by: that of a container.",
    )


class Igc(Subject):
    """The certificate authority and what its certificates lead to: AIA, CRL, OCSP, LDAP."""

    revocation_seconds: float = Field(default=86_400, gt=0, description="How long a CRL or an OCSP answer holds.")
    slow_seconds: float = Field(default=10, ge=0, description="How late a slow AIA, CRL, OCSP or LDAP service answers.")
    rate_seconds: float = Field(default=300, ge=0, description="How long a rate-limited service refuses an address.")
    fetches_max: int = Field(default=1_000, ge=1, description="Requests to AIA, CRL, OCSP and LDAP that are kept.")
    url: str | None = Field(
        default=None, pattern="^https?://[^ ]*[^ /]$", description="Base of the URLs in certificates; none: the HTTP port."
    )
    ldap_url: str | None = Field(
        default=None, pattern=r"^ldaps?://[^/?#\s]+$", description="Scheme, host and port of their LDAP URLs; none: the LDAP port."
    )
    crl_points: tuple[CrlPoint, ...] = Field(
        default=(CrlPoint.HTTP, CrlPoint.LDAP),
        min_length=1,
        max_length=2,
        description="Where certificates say that their revocation list is, the first one first; ldap counts where LDAP is open.",
    )

    @field_validator("crl_points")
    @classmethod
    def _check_points(cls, points: tuple[CrlPoint, ...]) -> tuple[CrlPoint, ...]:
        if len(set(points)) < len(points):
            raise ValueError("a point is named once")
        return points


class Traps(Subject):
    """Servers that are wrong on purpose."""

    open: bool = Field(default=False, description="Open the trap listeners.")
    port: int = Field(default=0, ge=0, le=65_000, description="First port of the traps, in the order of their list; 0 takes any free.")
    refuse_logins: bool = Field(default=True, description="Whether a log-in at a trap is refused whatever it brings.")
    kept_max: int = Field(default=500, ge=1, description="Connections to traps that are kept.")


class Transcripts(Subject):
    """What was said in sessions of clients."""

    max: int = Field(default=200, ge=1, description="Sessions whose transcripts are kept.")
    lines_max: int = Field(default=500, ge=10, description="Lines that are kept of each transcript; a request over HTTP counts for five.")
    http_silence_seconds: float = Field(
        default=60, gt=0, description="Silence after which the next request of an HTTP client begins a session."
    )


class Bulk(Subject):
    """Many people at once: made by numbers, or read out of a file."""

    rows_at_once: int = Field(default=500, ge=1, le=10_000, description="Rows that are stored in one transaction; mail waits that long.")
    rows_max: int = Field(default=1_000_000, ge=1, description="Rows of one import.")
    bytes_max: int = Field(default=1_000_000_000, ge=1_000, description="Body of one import; it lies in a temporary file meanwhile.")
    row_chars_max: int = Field(default=65_536, ge=1_000, le=131_072, description="Characters of one row of an import.")
    errors_max: int = Field(default=100, ge=1, le=10_000, description="Rows whose errors are told; the others are counted.")


class FaultRules(Subject):
    """What may be made to fail."""

    rules_max: int = Field(default=100, ge=1, le=10_000, description="Rules of faults that are kept; the oldest that has ended goes first.")
    lifetime_seconds: float = Field(default=3_600, gt=0, description="Life of a rule that says nothing of it, on the world's clock.")
    lifetime_seconds_max: float = Field(default=31 * 86_400, gt=0, description="Longest life of a rule.")
    delay_seconds_max: float = Field(default=600, gt=0, description="Longest delay of a fault.")
