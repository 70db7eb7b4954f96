"""What IMAP clients are offered, as CAPABILITY names it (ref: rfc9051#6.1.1), and what of it they may enable."""

from enum import StrEnum


class Capability(StrEnum):
    """The capabilities that are implemented, in the order in which they are announced."""

    IMAP4REV1 = "IMAP4rev1"
    IMAP4REV2 = "IMAP4rev2"
    LITERAL_PLUS = "LITERAL+"
    SASL_IR = "SASL-IR"
    ID = "ID"
    ENABLE = "ENABLE"
    LITERAL_MINUS = "LITERAL-"
    STARTTLS = "STARTTLS"
    LOGINDISABLED = "LOGINDISABLED"
    UNSELECT = "UNSELECT"
    IDLE = "IDLE"
    NAMESPACE = "NAMESPACE"
    UIDPLUS = "UIDPLUS"
    MULTIAPPEND = "MULTIAPPEND"
    MOVE = "MOVE"
    SPECIAL_USE = "SPECIAL-USE"
    LIST_EXTENDED = "LIST-EXTENDED"
    LIST_STATUS = "LIST-STATUS"
    CHILDREN = "CHILDREN"
    STATUS_SIZE = "STATUS=SIZE"
    ESEARCH = "ESEARCH"
    SEARCHRES = "SEARCHRES"
    SORT = "SORT"
    THREAD = "THREAD=REFERENCES"
    CONDSTORE = "CONDSTORE"
    QRESYNC = "QRESYNC"
    BINARY = "BINARY"
    QUOTA = "QUOTA"
    QUOTA_STORAGE = "QUOTA=RES-STORAGE"
    ACL = "ACL"
    RIGHTS = "RIGHTS=kxte"
    OBJECTID = "OBJECTID"
    UTF8 = "UTF8=ACCEPT"
    COMPRESS = "COMPRESS=DEFLATE"


ENABLED_BY_NAME = {one.upper(): one for one in (Capability.CONDSTORE, Capability.QRESYNC, Capability.UTF8, Capability.IMAP4REV2)}
"""What ENABLE accepts, by its name in capitals; other names are ignored (ref: rfc5161#3.1)."""
