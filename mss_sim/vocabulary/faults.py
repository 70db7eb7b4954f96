"""What can be made to fail, and how."""

from enum import StrEnum


class Point(StrEnum):
    """A seam of the simulator, where a fault may be put."""

    SUBMISSION = "submission"
    MX = "mx"
    IMAP = "imap"
    IMAP_DATA = "imap-data"  # untagged FETCH responses
    REST = "rest"
    PSC = "psc"
    CLOCK = "clock"  # the instants in tokens of Pro Santé Connect
    AIA = "aia"
    CRL = "crl"
    OCSP = "ocsp"
    LDAP = "ldap"  # certificates and lists of the authorities
    WHITE_LIST = "white-list"
    DIRECTORY = "directory"  # the national one, its gateway before it
    DIRECTORY_INDEX = "directory-index"  # what its searches look at
    DNS = "dns"
    DELIVERY = "delivery"  # into a mailbox of this world
    QUEUE = "queue"  # a try to carry a letter to another operator
    READ_RECEIPT = "read-receipt"
    PATIENT = "patient"  # what a patient does unasked
    BOUNCE = "bounce"  # a notification of failure


class FaultKind(StrEnum):
    """What a fault does."""

    REPLY = "reply"
    DELAY = "delay"
    THROTTLE = "throttle"
    DROP = "drop"
    DUPLICATE = "duplicate"
    TRUNCATE = "truncate"
    MALFORMED = "malformed"
    BEHAVE = "behave"  # as a service of the authority can be told to
    MASK = "mask"  # capabilities that are not offered
    RENEW = "renew"  # UIDVALIDITY
    SKEW = "skew"
    HOLD = "hold"


class DropMoment(StrEnum):
    """When a connection is dropped."""

    BEFORE = "before"  # what was asked is not done
    UNANSWERED = "unanswered"  # it is done, and the answer does not leave
    MIDDLE = "middle"  # it is done, and the answer breaks off
    ANSWERED = "answered"  # it is done, and answered


class PresetName(StrEnum):
    """A trouble of the field, as rules that are ready."""

    MES_DOWN = "mes-down"
    MES_ACCEPTS_PORTAL_DOWN = "mes-accepts-portal-down"
    MES_WRONG_BOUNCES = "mes-wrong-bounces"
    PSC_DOWN = "psc-down"
    PSC_SLOW = "psc-slow"
    DROP_AFTER_DATA = "drop-after-data"
    RATE_LIMIT_421 = "rate-limit-421"
    SLOW_IMAP = "slow-imap"
    UIDVALIDITY_CHANGE = "uidvalidity-change"
    APPEND_TO_SENT_FAILS = "append-to-sent-fails"
    POOR_OPERATOR = "poor-operator"
    CLOCK_SKEW = "clock-skew"
    DIRECTORY_502 = "directory-502-body-less"
    DIRECTORY_504 = "directory-504"
    DIRECTORY_404 = "directory-404-all"
    DIRECTORY_SLOW = "directory-slow"
    DIRECTORY_RATE_LIMIT = "directory-rate-limit"
    DIRECTORY_NEXT_BROKEN = "directory-next-broken"
    EXTRACTION_AHEAD = "extraction-ahead-of-api"
    EXTRACTION_BROKEN = "extraction-broken"


CONNECT, END_OF_DATA, GREETING = "CONNECT", "END-OF-DATA", "GREETING"
"""What is no verb of its protocol and can fail like one: a connection that begins, a letter that ends, the first line of IMAP."""

_SMTP = frozenset(
    {CONNECT, "EHLO", "HELO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", END_OF_DATA, "RSET", "NOOP", "VRFY", "HELP", "QUIT"}
)
_IMAP_PLAIN = (
    *("CAPABILITY", "NOOP", "LOGOUT", "ID", "STARTTLS", "LOGIN", "AUTHENTICATE", "ENABLE", "COMPRESS", "IDLE", "NAMESPACE", "LIST"),
    *("LSUB", "SELECT", "EXAMINE", "STATUS", "CREATE", "DELETE", "RENAME", "SUBSCRIBE", "UNSUBSCRIBE", "APPEND", "MYRIGHTS", "GETACL"),
    *("SETACL", "DELETEACL", "LISTRIGHTS", "GETQUOTA", "GETQUOTAROOT", "CHECK", "CLOSE", "UNSELECT"),
)
_IMAP_BY_UID = ("EXPUNGE", "FETCH", "STORE", "SEARCH", "SORT", "THREAD", "COPY", "MOVE")

VERBS: dict[Point, frozenset[str]] = {
    Point.SUBMISSION: _SMTP,
    Point.MX: _SMTP - {"AUTH"},
    Point.IMAP: frozenset({GREETING, *_IMAP_PLAIN, *_IMAP_BY_UID, *(f"UID {verb}" for verb in _IMAP_BY_UID)}),
    Point.REST: frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}),
    Point.PSC: frozenset(
        {"DISCOVERY", "AUTHORIZE", "LOGIN", "TOKEN", "USERINFO", "JWKS", "CIBA", "APPROVALS", "INTROSPECT", "REVOKE", "LOGOUT"}
    ),
    Point.DIRECTORY: frozenset({"SEARCH", "PAGE", "READ", "METADATA", "EXTRACTION", "PATCH"}),
    Point.DNS: frozenset({"A", "AAAA", "MX", "SRV", "TXT", "NS", "SOA", "ANY"}),
}
"""The verbs of each point that has some."""
