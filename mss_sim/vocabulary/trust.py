"""Certificates, the services that tell of them, and traps (IGC-Santé)."""

from enum import StrEnum


class CertificateProfile(StrEnum):
    """Families of software certificates that are issued here (ref: client-requirements#2.5)."""

    SERV_SSL = "SERV_SSL"  # serveur
    ORG_AUTH_CLI = "ORG_AUTH_CLI"  # authentification d'une personne morale, client


class KeyKind(StrEnum):
    """Keys of leaf certificates."""

    P_256 = "P-256"
    RSA_2048 = "RSA-2048"


class RevocationReason(StrEnum):
    """Why a certificate was taken back (ref: rfc5280#5.3.1)."""

    UNSPECIFIED = "unspecified"
    KEY_COMPROMISE = "keyCompromise"
    AFFILIATION_CHANGED = "affiliationChanged"
    SUPERSEDED = "superseded"
    CESSATION = "cessationOfOperation"
    ON_HOLD = "certificateHold"


class IgcService(StrEnum):
    """What the authority publishes: over HTTP, and certificates and revocation lists once more over LDAP."""

    AIA = "aia"  # certificates of authorities, and their chain
    CRL = "crl"
    OCSP = "ocsp"
    LDAP = "ldap"


class CrlPoint(StrEnum):
    """How a certificate says that its revocation list is fetched (point de distribution)."""

    HTTP = "http"
    LDAP = "ldap"


class ServiceBehaviour(StrEnum):
    """How one of these services answers."""

    NORMAL = "normal"
    FORBIDDEN = "forbidden"  # 403
    HTML = "html"  # 200, a page where a file is expected
    SLOW = "slow"  # right, but late
    EXPIRED = "expired"  # signed, but its next update is past
    UNREACHABLE = "unreachable"  # the connection is closed without an answer
    RATE_LIMITED = "rate_limited"  # the first request of an address passes, the next ones get 403 for a while


class TrapName(StrEnum):
    """A listener behind the wrong TLS, on which a client must stop before it says who it is."""

    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    REVOKED = "revoked"
    WRONG_HOST = "wrong_host"
    WRONG_RANGE = "wrong_range"
    SELF_SIGNED = "self_signed"
    PUBLIC_CA = "public_ca"
    OLD_TLS = "tls10_tls11"
    WEAK_SUITES = "weak_suites"
    STRIPPED = "starttls_stripped"


class Verdict(StrEnum):
    """What a trap found about a client."""

    PASS = "PASS"  # noqa: S105 - a verdict
    FAIL = "FAIL"
    WARN = "WARN"
    NOT_OBSERVED = "NOT-OBSERVED"
