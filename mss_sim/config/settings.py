"""`Settings`: all that can be set about one simulated world."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from mss_sim.config.bench import Feed, Scenarios, Seeds, Snapshots, Waits, Webhooks, Worlds
from mss_sim.config.directory import Directory
from mss_sim.config.documents import Documents
from mss_sim.config.ldap import Ldap
from mss_sim.config.mailbox_life import Closing, Forwarding, OutOfOffice, RedList, Retention
from mss_sim.config.patients import Carers, Kiosk, Mes, Patient
from mss_sim.config.subjects import (
    Bulk,
    Certificate,
    Connections,
    Delegation,
    Dns,
    FaultRules,
    Http,
    Https,
    Igc,
    Imap,
    Login,
    Mailbox,
    Message,
    Mx,
    Peers,
    Psc,
    Queue,
    Search,
    Sent,
    Smtp,
    Subject,
    Submission,
    Tls,
    Token,
    Transcripts,
    Traps,
    WatchList,
    WhiteList,
    WrongPasswords,
)
from mss_sim.vocabulary.clock import LocalTime
from mss_sim.vocabulary.doors import Profile, Relay
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.trust import CrlPoint

PREFIX = "MSS_SIM_"
"""What every environment variable of ours begins with."""

EARLIER = {
    "connections_bad_commands_max": "bad_commands_max",
    "connections_bad_passwords_max": "bad_passwords_max",
    "delegation_send_precedence": "send_precedence",
    "delegation_tick_seconds": "events_tick_seconds",
    "http_idempotency_seconds": "idempotency_seconds",
    "igc_revocation_seconds": "revocation_seconds",
    "login_app_passwords": "app_passwords",
    "login_oauthbearer": "oauthbearer",
    "message_header_count_max": "header_count_max",
    "message_header_size_bytes_max": "header_size_bytes_max",
    "message_mime_depth_max": "mime_depth_max",
    "message_mime_parts_max": "mime_parts_max",
    "message_recipients_max": "recipients_max",
    "message_trace_headers": "trace_headers",
    "patient_fin_header_scope": "fin_header_scope",
    "peers_proof": "peer_proof",
    "peers_unknown_bounces": "remote_unknown_bounces",
    "peers_untrusted": "untrusted_peer",
    "queue_delayed_after_seconds": "delayed_after_seconds",
    "queue_expires_after_seconds": "expires_after_seconds",
    "smtp_command_bytes_max": "command_bytes_max",
    "smtp_command_timeout_seconds": "command_timeout_seconds",
    "smtp_data_timeout_seconds": "data_timeout_seconds",
    "tls_client_certificates_asked": "client_certificates_asked",
    "transcripts_lines_max": "transcript_lines_max",
    "traps_open": "traps",
}
"""Settings that had another name, and which: their variables are still understood, and told by `mss-sim run`."""


class Settings(BaseSettings):
    """Settings of one `Simulator`, immutable once built; read by subject, given by name: `Settings(imap_port=0).imap.port`.

    A name is the subject and the field, joined by `_`; its environment variable is the same in capitals, `MSS_SIM_IMAP_PORT`. What the
    caller gives goes before the environment, and that before the defaults. What was called otherwise before is still understood in the
    environment.

    Raises
    ------
    pydantic.ValidationError
        A value that cannot be; its place is the name, or the subject and the field.
    pydantic_settings.SettingsError
        A variable of several values that holds no JSON.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    data_dir: Path | None = Field(
        default=None, description="Folder of the database, keys and certificates; none: a temporary one, removed at exit."
    )
    database_url: str | None = Field(default=None, description="SQLAlchemy URL of a PostgreSQL database; none: SQLite in the data folder.")
    host: str = Field(
        default="127.0.0.1", min_length=1, description="Address to listen on. The control plane answers loopback only unless a key is set."
    )
    hostname: str = Field(default="mail.sim.mssante.fr", description="Name that the servers give of themselves.")
    profile: Profile = Field(default=Profile.DEVELOPMENT, description="development: passwords everywhere; strict: tokens only.")
    control_key: str | None = Field(
        default=None, min_length=8, description="Key that /control demands in X-Control-Key; none: loopback only."
    )
    control_key_drawn: bool = Field(
        default=False,
        description="Where no key is set, draw one that the data folder keeps; the start prints it, and the ready file has it.",
    )
    language: Language = Field(default=Language.EN, description="Language of refusals, notifications, receipts and the journal: en, or fr.")
    local_time: LocalTime = Field(
        default=LocalTime.UTC, description="Whose hours and midnights count for daily letters and retention: UTC, or Europe/Paris."
    )
    relay: Relay = Field(default=Relay.SMTP, description="How a letter reaches another operator of this world.")
    submission: Submission = Submission()
    mx: Mx = Mx()
    imap: Imap = Imap()
    http: Http = Http()
    https: Https = Https()
    dns: Dns = Dns()
    ldap: Ldap = Ldap()
    smtp: Smtp = Smtp()
    connections: Connections = Connections()
    wrong_passwords: WrongPasswords = WrongPasswords()
    message: Message = Message()
    mailbox: Mailbox = Mailbox()
    search: Search = Search()
    sent: Sent = Sent()
    delegation: Delegation = Delegation()
    patient: Patient = Patient()
    mes: Mes = Mes()
    red_list: RedList = RedList()
    closing: Closing = Closing()
    retention: Retention = Retention()
    out_of_office: OutOfOffice = OutOfOffice()
    forwarding: Forwarding = Forwarding()
    carers: Carers = Carers()
    kiosk: Kiosk = Kiosk()
    documents: Documents = Documents()
    login: Login = Login()
    token: Token = Token()
    peers: Peers = Peers()
    white_list: WhiteList = WhiteList()
    directory: Directory = Directory()
    watch_list: WatchList = WatchList()
    queue: Queue = Queue()
    psc: Psc = Psc()
    tls: Tls = Tls()
    certificate: Certificate = Certificate()
    igc: Igc = Igc()
    traps: Traps = Traps()
    transcripts: Transcripts = Transcripts()
    faults: FaultRules = FaultRules()
    snapshots: Snapshots = Snapshots()
    seeds: Seeds = Seeds()
    worlds: Worlds = Worlds()
    waits: Waits = Waits()
    feed: Feed = Feed()
    webhooks: Webhooks = Webhooks()
    bulk: Bulk = Bulk()
    scenarios: Scenarios = Scenarios()

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_others: Any, **_others_by_name: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What the caller gives, then the environment."""
        return init_settings, _Environment(settings_cls)

    @model_validator(mode="before")
    @classmethod
    def _by_subject(cls, given: dict[str, Any]) -> dict[str, Any]:
        """The values under their subjects; what the caller names goes before what the environment says of the same subject."""
        subjects = {name: value for name, value in given.items() if name not in _PLACES}
        for name in given.keys() - subjects.keys():
            subject, field = _PLACES[name]
            subjects[subject] = {**subjects.get(subject, {}), field: given[name]}
        return subjects

    @model_validator(mode="after")
    def _check_lists(self) -> "Settings":
        """A certificate whose revocation list can be fetched nowhere is no use to a test."""
        if self.igc.crl_points == (CrlPoint.LDAP,) and self.ldap.port is None and self.igc.ldap_url is None:
            raise ValueError("igc_crl_points names LDAP alone: open it with ldap_port, or say with igc_ldap_url where it is")
        return self


class _Environment(PydanticBaseSettingsSource):
    """The values of environment variables, by subject; collections are written as JSON."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The text of a setting's variable, or of the variable that it had earlier."""
        found = self._variables.get(variable(field_name))
        if found is None and field_name in EARLIER:
            found = self._variables.get(variable(EARLIER[field_name]))
        return found, field_name, self.field_is_complex(field)

    def __call__(self) -> dict[str, Any]:
        """The values that the environment gives; SettingsError where JSON is expected and is not there."""
        self._variables = {name.upper(): value for name, value in os.environ.items() if name.upper().startswith(PREFIX)}
        found: dict[str, Any] = {}
        for name, field in FIELDS.items() if self._variables else ():
            text, _, in_json = self.get_field_value(field, name)
            if text is None:
                continue
            try:
                value = self.prepare_field_value(name, field, text, in_json)
            except ValueError as error:
                raise SettingsError(f'{variable(name)}: a JSON list is expected, such as ["A", "B"]') from error
            subject, own = _PLACES.get(name, (None, name))
            (found if subject is None else found.setdefault(subject, {}))[own] = value
        return found


def variable(name: str) -> str:
    """The environment variable of a setting, or of an option of `run`."""
    return PREFIX + name.upper()


def in_force(settings: Settings) -> Iterator[tuple[str, Any]]:
    """(name, value) of every setting, in the order of their subjects; values are those of JSON, sets in the order of their words."""
    for name, value in settings.model_dump(mode="json").items():
        for own, one in ((name, value),) if name in FIELDS else ((f"{name}_{own}", one) for own, one in value.items()):
            yield own, sorted(one) if isinstance(FIELDS[own].default, frozenset) else one


def _named() -> Iterator[tuple[str, FieldInfo, tuple[str, str] | None]]:
    for name, field in Settings.model_fields.items():
        if not isinstance(field.default, Subject):
            yield name, field, None
            continue
        yield from ((f"{name}_{own}", info, (name, own)) for own, info in type(field.default).model_fields.items())


FIELDS = {name: field for name, field, _ in _named()}
"""Every setting by its name."""
_PLACES = {name: place for name, _, place in _named() if place}


OF_THE_PROCESS = frozenset(
    {"data_dir", "database_url", "host", "control_key", "snapshots_max", "snapshots_size_bytes_max", "psc_clients_file"}
    | {"seeds_max", "seeds_size_bytes_max", "documents_schematron", "documents_schematron_files", "worlds_max"}
)
"""Settings that belong to the process, and are those of the first world for all."""
PORTS = ("submission_port", "mx_port", "imap_port", "http_port", "https_port", "dns_port", "ldap_port", "traps_port")
PLACES = ("psc_base_url", "psc_mtls_url", "psc_wallet_url", "igc_url", "igc_ldap_url", "directory_base_url")
"""Addresses under which the first world alone can be reached."""


def is_of_a_world(name: str) -> bool:
    """Whether a setting says how a world is, rather than where it is and how the process keeps it."""
    return name not in OF_THE_PROCESS and name not in (*PORTS, *PLACES, "traps_open")
