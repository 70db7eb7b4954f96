"""Every setting of a simulated world, with its unit and its reason.

Values come from, in this order: arguments of the caller, environment variables `MSS_SIM_<NAME>`, the defaults below. A default that
is our choice, because no public text gives the rule, has a line in docs/quirks.md (a test checks it).
"""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from mss_sim.vocabulary import FinHeaderScope, Profile, SendMode

_BASE_URL = r"^https?://[^/?#\s]+$"


class Settings(BaseSettings):
    """Settings of one `Simulator`; immutable once built."""

    model_config = SettingsConfigDict(env_prefix="MSS_SIM_", frozen=True, extra="forbid")

    # Where it lives
    data_dir: Path | None = Field(
        default=None, description="Folder of the database, keys and certificates; none: a temporary one, removed at exit."
    )
    database_url: str | None = Field(default=None, description="SQLAlchemy URL of a PostgreSQL database; none: SQLite in the data folder.")
    host: str = Field(default="127.0.0.1", description="Address to listen on. The control plane answers loopback only unless a key is set.")
    submission_port: int = Field(default=1587, ge=0, le=65535, description="SMTP submission; 0 takes any free port.")
    mx_port: int = Field(default=1025, ge=0, le=65535, description="SMTP between operators; 0 takes any free port.")
    imap_port: int = Field(default=1143, ge=0, le=65535, description="IMAP; 0 takes any free port.")
    http_port: int = Field(default=8080, ge=0, le=65535, description="REST and control plane; 0 takes any free port.")
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
    search_text_chars_max: int = Field(default=16_384, ge=0, description="Characters of a body kept for text search.")

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

    imap_login_timeout_seconds: float = Field(default=60, gt=0, description="Silence of an IMAP client that has not logged in.")
    imap_idle_timeout_seconds: float = Field(default=1_800, gt=0, description="Silence of one that has (ref: rfc9051#5.4).")
    imap_line_bytes_max: int = Field(default=65_536, ge=8_192, description="Text of one IMAP command, literals apart (ref: rfc7162#4).")
    imap_literal_bytes_before_login_max: int = Field(default=8_192, ge=1_024, description="Literals of one command before login.")
    imap_capabilities_masked: frozenset[str] = Field(
        default=frozenset(), description='Capabilities that are not offered, to imitate a poorer operator: ["MOVE", "UIDPLUS"].'
    )
    events_tick_seconds: float = Field(default=0.25, gt=0, description="How often those who wait look whether a grant has run out.")
    transcripts_max: int = Field(default=200, ge=1, description="Connections whose transcripts are kept.")
    transcript_lines_max: int = Field(default=500, ge=10, description="Lines that are kept of each transcript.")

    # Rules that are our choice
    send_precedence: SendMode = Field(default=SendMode.AS, description="Which right speaks when a delegate holds both send rights.")
    fin_header_scope: FinHeaderScope = Field(default=FinHeaderScope.CONVERSATION, description="What X-MSS-MES: FIN closes.")
    remote_unknown_bounces: bool = Field(default=True, description="An unknown mailbox of another operator is accepted, then bounced.")
    patient_receipt_automatic: bool = Field(default=True, description="A patient's first reading sends the requested read receipt.")
    sent_copy_on_submission: bool = Field(default=True, description="A letter sent by SMTP is filed in Sent as one sent by REST is.")
    trace_headers: bool = Field(default=True, description="Return-Path and Received are written above what was accepted.")

    # Deferred mail
    queue_retry_seconds: float = Field(default=60, gt=0, description="First wait before a deferred recipient is tried again; it doubles.")
    queue_retry_seconds_max: float = Field(default=3_600, gt=0, description="Longest wait between two tries.")
    delayed_after_seconds: float = Field(default=4 * 3_600, gt=0, description="Age at which a delayed notification leaves.")
    expires_after_seconds: float = Field(default=5 * 86_400, gt=0, description="Age at which deferred mail fails (ref: rfc5321#4.5.4.1).")
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
        default=None, pattern=_BASE_URL, description="HTTPS base that asks for client certificates; none: no mtls_endpoint_aliases."
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
