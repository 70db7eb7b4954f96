"""Every setting of a simulated world, with its unit and its reason.

Values come from, in this order: arguments of the caller, environment variables `MSS_SIM_<NAME>`, the defaults below. A default that
is our choice, because no public text gives the rule, has a line in docs/quirks.md (a test checks it).
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from mss_sim.vocabulary.doors import PeerProof, Profile, Relay, TokenExpiry, TokenRefusal, UntrustedPeer
from mss_sim.vocabulary.mail import FinHeaderScope
from mss_sim.vocabulary.mailboxes import SendMode
from mss_sim.vocabulary.trust import KeyKind

_PREFIX = "MSS_SIM_"

TLS_1_3_SUITES = ("TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256")
_TLS_1_2_SUITES = tuple(
    f"ECDHE-{kind}-{cipher}" for kind in ("ECDSA", "RSA") for cipher in ("AES256-GCM-SHA384", "AES128-GCM-SHA256", "CHACHA20-POLY1305")
)

_BASE_URL = r"^https?://[^/?#\s]+$"


class Settings(BaseSettings):
    """Settings of one `Simulator`; immutable once built."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True, extra="forbid")

    # Where it lives
    data_dir: Path | None = Field(
        default=None, description="Folder of the database, keys and certificates; none: a temporary one, removed at exit."
    )
    database_url: str | None = Field(default=None, description="SQLAlchemy URL of a PostgreSQL database; none: SQLite in the data folder.")
    host: str = Field(
        default="127.0.0.1", min_length=1, description="Address to listen on. The control plane answers loopback only unless a key is set."
    )
    submission_port: int = Field(default=1587, ge=0, le=65535, description="SMTP submission; 0 takes any free port.")
    mx_port: int = Field(default=1025, ge=0, le=65535, description="SMTP between operators; 0 takes any free port.")
    imap_port: int = Field(default=1143, ge=0, le=65535, description="IMAP; 0 takes any free port.")
    http_port: int = Field(default=8080, ge=0, le=65535, description="REST and control plane; 0 takes any free port.")
    https_port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description="The same in TLS, for whoever shows a client certificate; none: off, 0 takes any free port.",
    )
    dns_port: int | None = Field(default=None, ge=0, le=65535, description="DNS of the simulated domains, UDP and TCP; none: off.")
    hostname: str = Field(default="mail.sim.mssante.fr", description="Name that the servers give of themselves.")
    profile: Profile = Field(default=Profile.DEVELOPMENT, description="development: passwords everywhere; strict: tokens only.")
    control_key: str | None = Field(
        default=None, min_length=8, description="Key that /control demands in X-Control-Key; none: loopback only."
    )

    # Messages
    message_size_bytes_max: int = Field(
        default=25_000_000, ge=1_000, description="Whole message, encoded, unless the operator sets its own."
    )
    header_size_bytes_max: int = Field(default=256 * 1024, ge=1_000, description="Header block of a message.")
    header_count_max: int = Field(default=1_000, ge=10, description="Header fields of one message or part.")
    mime_parts_max: int = Field(default=1_000, ge=1, description="MIME parts of one message.")
    mime_depth_max: int = Field(default=100, ge=1, description="Levels of nested MIME parts.")
    recipients_max: int = Field(default=100, ge=1, description="Recipients of one message (ref: rfc5321#4.5.3.1.8).")
    mailbox_quota_bytes: int = Field(default=1_000_000_000, ge=0, description="Room of a mailbox whose own quota is not set.")
    mailbox_folders_max: int = Field(
        default=1_000, ge=6, description="Folders of a mailbox, special ones included: LIST walks all that one may see, at every call."
    )
    search_text_chars_max: int = Field(default=16_384, ge=0, description="Characters of a body kept for text search.")
    search_query_chars_max: int = Field(default=1_000, ge=100, le=1_400, description="Characters of one text that a search looks for.")

    # Connections
    connections_max: int = Field(default=500, ge=1, description="Open connections in all, over SMTP and as many over IMAP.")
    connections_per_identity_max: int = Field(
        default=10, ge=1, description="Open connections of one identity, over SMTP and as many over IMAP (ceiling seen in the field)."
    )
    command_timeout_seconds: float = Field(default=300, gt=0, description="Silence before a connection is closed (ref: rfc5321#4.5.3.2.7).")
    data_timeout_seconds: float = Field(default=600, gt=0, description="Silence in the middle of DATA (ref: rfc5321#4.5.3.2.5).")
    bad_commands_max: int = Field(default=10, ge=1, description="Refused commands after which the connection is closed.")
    bad_passwords_max: int = Field(default=5, ge=1, description="Failed log-ins after which the connection is closed.")
    command_bytes_max: int = Field(default=12_288, ge=1_024, description="One command line; AUTH carries a JWT of 4 KiB in base64.")

    http_hosts: tuple[str, ...] = Field(
        default=(), description="Names that HTTP clients know the simulator by, besides localhost, host and hostname; others are refused."
    )
    http_proxies: tuple[str, ...] = Field(
        default=(), description="Addresses of reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed; none: nobody's."
    )
    http_connections_max: int = Field(default=500, ge=1, description="Open HTTP connections, and as many HTTPS ones.")
    http_head_bytes_max: int = Field(default=65_536, ge=8_192, description="Request line and header fields of one request.")
    http_body_bytes_max: int = Field(default=1_048_576, ge=1_024, description="Body of a request that is not a letter.")
    http_values_max: int = Field(default=20_000, ge=100, description="Values in a JSON body: its texts, and what commas part.")
    http_head_timeout_seconds: float = Field(default=30, gt=0, description="Time for the head of a request.")
    http_body_timeout_seconds: float = Field(default=60, gt=0, description="Silence in a body, and of a client that takes no answer.")
    wrong_passwords_max: int = Field(default=10, ge=1, description="Wrong passwords of a client for one login before HTTP answers 429.")
    wrong_passwords_pause_seconds: float = Field(default=30, gt=0, description="How long it does; the first ones are slowed down only.")

    imap_login_timeout_seconds: float = Field(default=60, gt=0, description="Silence of an IMAP client that has not logged in.")
    imap_idle_timeout_seconds: float = Field(default=1_800, gt=0, description="Silence of one that has (ref: rfc9051#5.4).")
    imap_line_bytes_max: int = Field(default=65_536, ge=8_192, description="Text of one IMAP command, literals apart (ref: rfc7162#4).")
    imap_literal_bytes_before_login_max: int = Field(default=8_192, ge=1_024, description="Literals of one command before login.")
    imap_capabilities_masked: frozenset[str] = Field(
        default=frozenset(), description='Capabilities that are not offered, to imitate a poorer operator: ["MOVE", "UIDPLUS"].'
    )
    imap_recent: bool = Field(default=True, description="Whether IMAP4rev1 sessions are told what is \\Recent (ref: rfc3501#2.3.2).")
    imap_new_folders_subscribed: bool = Field(default=True, description="Whether a folder is subscribed before anybody says SUBSCRIBE.")
    imap_delete_empty_only: bool = Field(
        default=False, description="DELETE takes a folder only when it holds neither messages nor folders."
    )
    events_tick_seconds: float = Field(default=0.25, gt=0, description="Interval for checking expired grants.")
    transcripts_max: int = Field(default=200, ge=1, description="Connections whose transcripts are kept.")
    transcript_lines_max: int = Field(default=500, ge=10, description="Lines that are kept of each transcript.")

    # Rules that are our choice
    send_precedence: SendMode = Field(default=SendMode.AS, description="Which right speaks when a delegate holds both send rights.")
    fin_header_scope: FinHeaderScope = Field(default=FinHeaderScope.CONVERSATION, description="What X-MSS-MES: FIN closes.")
    remote_unknown_bounces: bool = Field(default=True, description="An unknown mailbox of another operator is accepted, then bounced.")
    patient_receipt_automatic: bool = Field(default=True, description="A patient's first reading sends the requested read receipt.")
    sent_copy_on_submission: bool = Field(default=True, description="A letter sent by SMTP is filed in Sent as one sent by REST is.")
    sent_append_once: bool = Field(
        default=True, description="A letter that lies in Sent since it was sent is not filed again when its client appends it there."
    )
    trace_headers: bool = Field(default=True, description="Return-Path and Received are written above what was accepted.")

    # Logging in to mail
    login_plus: bool = Field(default=False, description="Whether login+mailbox opens a mailbox as mailbox*login does.")
    oauthbearer: bool = Field(default=False, description="Whether OAUTHBEARER is offered beside XOAUTH2.")
    token_refusal: TokenRefusal = Field(default=TokenRefusal.PLAIN, description="How a refused token is told.")
    token_expiry: TokenExpiry = Field(default=TokenExpiry.KEEP, description="What becomes of a connection whose token expires.")
    app_passwords: bool = Field(default=False, description="Whether APP mailboxes open without a certificate, in the development profile.")

    # Between operators
    relay: Relay = Field(default=Relay.SMTP, description="How a letter reaches another operator of this world.")
    peer_proof: PeerProof = Field(default=PeerProof.CERTIFICATE, description="What a peer operator must show at the MX port.")
    untrusted_peer: UntrustedPeer = Field(default=UntrustedPeer.REPLY, description="How a certificate of another authority is refused.")
    peers_allowed: tuple[str, ...] = Field(default=(), description="Hosts beside this machine that mail may be carried to.")
    white_list_age_seconds_max: float = Field(default=86_400, gt=0, description="Age at which the white list is too old to be applied.")
    white_list_root: str = Field(default="ListeBlanche", pattern="^[A-Za-z]+$", description="Name of the root element of the white list.")

    # Deferred mail
    queue_retry_seconds: float = Field(default=60, gt=0, description="First wait before a deferred recipient is tried again; it doubles.")
    queue_retry_seconds_max: float = Field(default=3_600, gt=0, description="Longest wait between two tries.")
    delayed_after_seconds: float = Field(default=4 * 3_600, gt=0, description="Age at which a delayed notification leaves.")
    expires_after_seconds: float = Field(default=5 * 86_400, gt=0, description="Age at which deferred mail fails (ref: rfc5321#4.5.4.1).")
    queue_lease_seconds: float = Field(default=660, gt=0, description="How long a try may take before its process is taken for dead.")
    queue_poll_seconds: float = Field(default=1.0, gt=0, description="How often the queue looks at the clock.")

    # Tokens
    token_lifetime_seconds: int = Field(default=120, ge=1, description="Life of an access token (ref: psc#lifetimes).")
    token_bytes_max: int = Field(default=8_192, ge=1_024, description="Longest token that is looked at.")
    psc_base_url: str | None = Field(
        default=None, pattern=_BASE_URL, description="Scheme, host and port under which Pro Santé Connect is seen; none: the HTTP port."
    )
    psc_wallet_url: str | None = Field(
        default=None, pattern=_BASE_URL, description="Base of the authorization endpoint, on another host; none: as the rest."
    )
    psc_mtls_url: str | None = Field(
        default=None, pattern=_BASE_URL, description="HTTPS base that asks for client certificates; none: the HTTPS port, where it is open."
    )
    psc_clients_file: Path | None = Field(default=None, description="JSON or TOML file of clients that are registered at every start.")
    psc_acr: str = Field(
        default="eidas1", min_length=1, description="Level of assurance that is given, and the one that mail servers take."
    )
    psc_acr_required: bool = Field(default=True, description="acr_values must name it at log-in, and tokens must carry it.")
    psc_pkce_plain: bool = Field(default=False, description="PKCE with the method plain is taken, as the national discovery says.")
    psc_auto_approve: bool = Field(default=False, description="Whoever login_hint names is logged in at once, without a page; for CI.")
    psc_code_seconds: int = Field(default=60, ge=1, description="Life of an authorization code, and of a log-in page ten times as long.")
    psc_refresh_seconds: int = Field(default=1_800, ge=1, description="Life of a refresh token (ref: psc#lifetimes).")
    psc_session_idle_seconds: int = Field(default=1_800, ge=1, description="Idle time that ends a session (ref: psc#lifetimes).")
    psc_session_seconds_max: int = Field(default=14_400, ge=1, description="Longest life of a session (ref: psc#lifetimes).")
    psc_ciba_seconds: int = Field(default=120, ge=1, description="Time to approve a CIBA request (ref: psc#ciba).")
    psc_ciba_interval_seconds: int = Field(default=5, ge=0, description="Least time between two polls of a CIBA request.")
    psc_kept_max: int = Field(default=20_000, ge=10, description="Sessions, and as many codes, refresh tokens and requests, that are kept.")
    idempotency_seconds: int = Field(default=86_400, ge=1, description="How long an Idempotency-Key is remembered.")

    # Certificates and TLS
    tls_suites: dict[Literal["TLSv1.2", "TLSv1.3"], tuple[str, ...]] = Field(
        default={"TLSv1.2": _TLS_1_2_SUITES, "TLSv1.3": TLS_1_3_SUITES},
        min_length=1,
        description="Versions that are spoken and the suites of each, OpenSSL's names (ref: ref2#ECO.1.1.1, ref2#ECO.1.1.3).",
    )
    client_certificates_asked: bool = Field(
        default=True, description="Whether submission, MX, IMAP and HTTPS ask for a client certificate."
    )
    certificate_key: KeyKind = Field(default=KeyKind.P_256, description="Key of servers' and clients' certificates.")
    certificate_days: int = Field(default=1_095, ge=1, le=3_000, description="Life of a certificate, unless an order says otherwise.")
    revocation_seconds: float = Field(default=86_400, gt=0, description="How long a CRL or an OCSP answer holds.")
    igc_slow_seconds: float = Field(default=10, ge=0, description="How late a slow AIA, CRL or OCSP service answers.")
    igc_rate_seconds: float = Field(default=300, ge=0, description="How long a rate-limited service refuses an address.")
    igc_fetches_max: int = Field(default=1_000, ge=1, description="Requests to AIA, CRL and OCSP that are kept.")
    igc_url: str | None = Field(
        default=None, pattern="^https?://[^ ]*[^ /]$", description="Base of the URLs in certificates; none: the HTTP port."
    )
    traps: bool = Field(default=False, description="Open the trap listeners.")
    traps_port: int = Field(
        default=0, ge=0, le=65_000, description="First port of the traps, in the order of their list; 0 takes any free."
    )
    traps_refuse_logins: bool = Field(default=True, description="Whether a log-in at a trap is refused whatever it brings.")
    traps_kept_max: int = Field(default=500, ge=1, description="Connections to traps that are kept.")

    @field_validator("tls_suites")
    @classmethod
    def _check_suites(cls, suites: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        if set(suites.get("TLSv1.3", TLS_1_3_SUITES)) != set(TLS_1_3_SUITES):
            raise ValueError(
                f"Python offers no choice among the suites of TLS 1.3: name all, {', '.join(TLS_1_3_SUITES)}, or leave TLSv1.3 out"
            )
        if not all(suites.values()):
            raise ValueError("a version without a suite cannot be spoken: leave it out")
        return suites


OF_RUN = {
    "seed": ("cabinet", "Seed world to plant at first start; none for an empty one."),
    "memory": ("false", "Keep nothing: everything vanishes at exit."),
    "ready_file": ("none", "One more place for the ready file, which is always written in the data folder."),
    "log_level": ("info", "debug, info, warning or error."),
}
"""Options of `mss-sim run` that are no settings of a world, with default and meaning; they have variables all the same."""
_SECRET = ("control_key", "database_url")
_OF_KUBERNETES = re.compile(r"(\w+_)?SERVICE_HOST|(\w+_)?SERVICE_PORT(_\w+)?|(\w+_)?PORT(_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?)?")


def variable(name: str) -> str:
    """The environment variable of a setting, or of an option of `run`."""
    return _PREFIX + name.upper()


def listed(settings: Settings, environment: Mapping[str, str]) -> Iterator[tuple[str, str, str, str]]:
    """(name, default, value in force, description) of all that a variable sets; what is secret is not shown."""
    for name, (default, text) in OF_RUN.items():
        yield name, default, environment.get(variable(name), default), text
    in_force, defaults = settings.model_dump(mode="json"), Settings.model_construct().model_dump(mode="json")
    for name, field in Settings.model_fields.items():
        value = in_force[name]
        shown = "set, and not shown" if name in _SECRET and value is not None else _shown(value)
        yield name, _shown(defaults[name]), shown, field.description or ""


def _shown(value: object) -> str:
    if isinstance(value, str):
        return value
    return "none" if value is None else json.dumps(value)


def misspelt(variables: Iterable[str]) -> list[tuple[str, str | None]]:
    """Environment variables of our prefix that are no setting, with the one that was meant: they would be passed over in silence.

    Those that Kubernetes makes for a service of our name are left alone, unless they are nearly a setting.
    """
    known = [*Settings.model_fields, *OF_RUN]
    by_words = {frozenset(name.split("_")): name for name in known}
    found: list[tuple[str, str | None]] = []
    for one in sorted(variables):
        name = one.removeprefix(_PREFIX).lower()
        if not one.startswith(_PREFIX) or name in known:
            continue
        near = by_words.get(frozenset(name.split("_"))) or next(iter(get_close_matches(name, known, 1, 0.8)), None)
        if near is not None or not _OF_KUBERNETES.fullmatch(name.upper()):
            found.append((one, variable(near) if near else None))
    return found
