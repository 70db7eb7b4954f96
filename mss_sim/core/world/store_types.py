"""Row types of the store, re-exported by the core: front ends import them from here and never open the store."""

from mss_sim.store.certificates import Certificate
from mss_sim.store.charges import Charge, NoteRow
from mss_sim.store.closings import Closing
from mss_sim.store.dispensations import Dispensation
from mss_sim.store.finding import FoundMailbox, FoundPerson
from mss_sim.store.folder_index import Mark, Marks, Uids, extended
from mss_sim.store.folder_view import CopyState, Sortable
from mss_sim.store.folders import Folder
from mss_sim.store.forwardings import Forwarding
from mss_sim.store.grants import GrantRow
from mss_sim.store.identities import Identity
from mss_sim.store.journal import ActQuery, JournalEntry, JournalRow, LetterLabel, LineQuery
from mss_sim.store.letters import LetterQuery, PlacedCopy
from mss_sim.store.mailboxes import Mailbox
from mss_sim.store.masks import Mask
from mss_sim.store.messages import ListedMessage, Reading
from mss_sim.store.operators import Operator
from mss_sim.store.out_of_office import OutOfOffice
from mss_sim.store.pages import ListQuery
from mss_sim.store.patients import PatientIdentity
from mss_sim.store.psc import Client
from mss_sim.store.queue import Waiting
from mss_sim.store.submissions import Event
from mss_sim.store.timelines import EventQuery, TimelineEvent
from mss_sim.store.watch_digests import WatchDigest
from mss_sim.store.watch_list import WatchedLetter
from mss_sim.store.webhooks import Webhook, WebhookDelivery

__all__ = [
    "ActQuery",
    "Certificate",
    "Charge",
    "Client",
    "Closing",
    "CopyState",
    "Dispensation",
    "Event",
    "EventQuery",
    "Folder",
    "Forwarding",
    "FoundMailbox",
    "FoundPerson",
    "GrantRow",
    "Identity",
    "JournalEntry",
    "JournalRow",
    "LetterLabel",
    "LetterQuery",
    "LineQuery",
    "ListQuery",
    "ListedMessage",
    "Mailbox",
    "Mark",
    "Marks",
    "Mask",
    "NoteRow",
    "Operator",
    "OutOfOffice",
    "PatientIdentity",
    "PlacedCopy",
    "Reading",
    "Sortable",
    "TimelineEvent",
    "Uids",
    "Waiting",
    "WatchDigest",
    "WatchedLetter",
    "Webhook",
    "WebhookDelivery",
    "extended",
]
