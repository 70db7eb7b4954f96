"""The shapes of Mailpit's API, as OpenAPI shows them. Names are Mailpit's; instants are RFC 3339 in UTC, sizes bytes."""

from datetime import datetime

from pydantic import ConfigDict, Field

from mss_sim.http import examples
from mss_sim.http.shapes import Out

_PERSON = {"Name": "Dr Camille MARTIN", "Address": examples.DOCTOR}


class MailpitAddress(Out):
    model_config = ConfigDict(json_schema_extra={"examples": [dict(_PERSON)]})

    Name: str
    Address: str


class MailpitChecksums(Out):
    MD5: str = Field(examples=["0cc175b9c0f1b6a831c399e269772661"])
    SHA1: str = Field(examples=["86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"])
    SHA256: str = Field(examples=["ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"])


class MailpitFile(Out):
    """A file of a letter; `PartID` is its section number in IMAP."""

    PartID: str = Field(examples=["2"])
    FileName: str = Field(examples=["compte-rendu.pdf"])
    ContentType: str = Field(examples=["application/pdf"])
    ContentID: str
    Size: int
    Checksums: MailpitChecksums


class MailpitUnsubscribing(Out):
    """How to leave a list. Nothing is checked here: the fields as they came."""

    Header: str
    Links: list[str] = Field(examples=[[]])
    Errors: str
    HeaderPost: str


class MailpitSummary(Out):
    """A letter in a list. `ID` is the `id` of `/control/messages`; `Snippet` the beginning of its text."""

    ID: str = Field(examples=[examples.ID])
    MessageID: str = Field(examples=["0am6c38w5xc02.1f2e3d4c@cabinet.sim.mssante.fr"])
    Read: bool
    From: MailpitAddress | None
    To: list[MailpitAddress]
    Cc: list[MailpitAddress]
    Bcc: list[MailpitAddress]
    ReplyTo: list[MailpitAddress]
    Subject: str = Field(examples=["Compte rendu"])
    Created: datetime
    Username: str = Field(examples=["camille.martin"])
    Tags: list[str] = Field(examples=[[]])
    Size: int
    Attachments: int
    Snippet: str = Field(examples=["Bonjour, vous trouverez ci-joint le compte rendu."])


class MailpitPage(Out):
    """A page of letters, newest first. `total` and `unread` are of all, `messages_count` and `messages_unread` of what matches."""

    total: int
    unread: int
    count: int
    """How many letters are on this page."""
    messages_count: int
    messages_unread: int
    start: int
    tags: list[str] = Field(examples=[[]])
    messages: list[MailpitSummary]


class MailpitMessage(Out):
    """One letter with its texts and files. `Date` is what it says, or when it came."""

    ID: str = Field(examples=[examples.ID])
    MessageID: str = Field(examples=["0am6c38w5xc02.1f2e3d4c@cabinet.sim.mssante.fr"])
    From: MailpitAddress | None
    To: list[MailpitAddress]
    Cc: list[MailpitAddress]
    Bcc: list[MailpitAddress]
    ReplyTo: list[MailpitAddress]
    ReturnPath: str = Field(examples=[examples.DOCTOR])
    Subject: str = Field(examples=["Compte rendu"])
    ListUnsubscribe: MailpitUnsubscribing
    Date: datetime
    Tags: list[str] = Field(examples=[[]])
    Username: str = Field(examples=["camille.martin"])
    Text: str = Field(examples=["Bonjour,\r\n"])
    HTML: str
    Size: int
    Inline: list[MailpitFile]
    Attachments: list[MailpitFile]


class MailpitStatistics(Out):
    Uptime: int
    Memory: int
    MessagesDeleted: int
    SMTPAccepted: int
    SMTPAcceptedSize: int
    SMTPRejected: int
    SMTPIgnored: int


class MailpitInformation(Out):
    """What is known of the mailbox. What Mailpit tells of its process is 0 here; `/metrics` tells of this one."""

    Version: str = Field(examples=["mss-sim 0.1.0"])
    LatestVersion: str = Field(examples=["disabled"])
    Database: str
    DatabaseSize: int
    """Bytes of all letters."""
    Messages: int
    Unread: int
    Tags: dict[str, int] = Field(examples=[{}])
    RuntimeStats: MailpitStatistics
