"""What one operation of a PATCH does to the mailboxes of a person or an organisation.

| operation                         | in the world                                                                                 |
|-----------------------------------|----------------------------------------------------------------------------------------------|
| insert of a mailbox               | it is created, or opened again where the same was closed                                       |
| replace of a mailbox              | rank and texts are those that are given, and no others; the red list where it is said          |
| replace of one value              | that one                                                                                     |
| delete of a value                 | it is empty                                                                                  |
| delete of a mailbox               | it is closed; by setting, removed with all that is in it                                       |
| address or kind                   | never changes: refused                                                                       |

An operator changes the mailboxes of its own domains, and no others. `service` is the label of a mailbox.
"""

from collections.abc import Mapping
from typing import Any

from mss_sim.core.access.identities import refuse_controls
from mss_sim.core.access.rights_in_force import Requester
from mss_sim.core.annuaire.operator_keys import REFERENCE
from mss_sim.core.mailbox.mailboxes import NewMailbox, address_of, address_taken, change_stored, create_mailbox, remove_stored
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.fhir.entries import Entry
from mss_sim.fhir.patches import ContactPoint, Operation, numbered
from mss_sim.mail.addresses import AddressError, canonical, domain_of
from mss_sim.store import mailboxes, operators
from mss_sim.store.engine import Connection
from mss_sim.store.mailboxes import Mailbox
from mss_sim.store.operators import Operator
from mss_sim.vocabulary.directory import DirectoryDeletion, MailboxField, PatchType, ResourceType
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.mailboxes import MailboxKind, MailboxState
from mss_sim.words.sentence import Sentence, say

_WHO = Requester(None, Door.DIRECTORY)
_BORNE = {
    ResourceType.PRACTITIONER: frozenset({MailboxKind.PER, MailboxKind.CAB}),
    ResourceType.PRACTITIONER_ROLE: frozenset({MailboxKind.PER, MailboxKind.CAB}),
    ResourceType.ORGANIZATION: frozenset({MailboxKind.ORG, MailboxKind.APP}),
}
"""Which kinds a resource bears (ref: ans-ig-mss#holders)."""
_TEXTS = {
    MailboxField.DESCRIPTION: frozenset({MailboxKind.ORG, MailboxKind.APP, MailboxKind.CAB}),
    MailboxField.SERVICE: frozenset({MailboxKind.ORG, MailboxKind.APP}),
    MailboxField.RESPONSIBLE: frozenset({MailboxKind.ORG, MailboxKind.APP, MailboxKind.CAB}),
}
"""Which kinds have a text (ref: ans-ig-mss); that a CAB has a responsible stands in one of the drafts alone."""
_COLUMNS = {
    MailboxField.RED_LIST: "red_listed",
    MailboxField.RANK: "preferred_rank",
    MailboxField.DESCRIPTION: "description",
    MailboxField.SERVICE: "label",
    MailboxField.RESPONSIBLE: "responsible_name",
}
_EMPTY: dict[MailboxField, Any] = {MailboxField.RANK: None, **dict.fromkeys(_TEXTS, "")}
_SPACE, _GATEWAY = ".mssante.fr", "interop-mssante.apicrypt.org"
"""How an address ends in the OpenAPI description."""


class Bearer:
    """A person, a role or an organisation that operations are done to, in their order, within one unit of work."""

    def __init__(self, world: World, conn: Connection, operator: Operator, type_: ResourceType, entry: Entry) -> None:
        self._world = world
        self._conn = conn
        self._operator = operator
        self._type = type_
        self._entry = entry
        self._number = 0
        self.notes: list[Sentence] = []

    def apply(self, operation: Operation) -> None:
        """Do one. Refusal(INVALID, CONFLICT, DOMAIN_OUTSIDE) for what may not be, Refusal(AUTHORIZATION_FAILED) for another's mailbox."""
        self._number = operation.number
        target = operation.target
        if target.address is None:
            if isinstance(operation.value, ContactPoint):
                self._insert(operation.value)
            return
        box = self._box(target.address)
        if target.field is not None:
            self._set(box, {target.field: _EMPTY[target.field] if operation.value is None else operation.value})
        elif operation.type is PatchType.DELETE:
            self._delete(box)
        elif isinstance(operation.value, ContactPoint):
            self._replace(box, operation.value)

    def _insert(self, wanted: ContactPoint) -> None:
        kind = self._kind(wanted)
        self._check_kind(kind)
        texts = self._texts(kind, wanted.texts)
        new = NewMailbox(
            wanted.address,
            kind,
            self._entry.idnat,
            label=texts.get(MailboxField.SERVICE, ""),
            description=texts.get(MailboxField.DESCRIPTION, ""),
            responsible_name=texts.get(MailboxField.RESPONSIBLE, ""),
            red_listed=bool(wanted.red_listed),
            preferred_rank=wanted.rank,
            with_structure=self._type is ResourceType.PRACTITIONER_ROLE,
        )
        address = address_of(new)
        self._check_domain(address)
        there = mailboxes.by_address(self._conn, address)
        if there is None:
            create_mailbox(self._world, self._conn, address, new)
            return
        if (there.owner_id, there.kind, there.state) != (self._entry.id, kind, MailboxState.CLOSED):
            raise address_taken(address)
        shown = {"red_listed": new.red_listed, "preferred_rank": new.preferred_rank, "with_structure": new.with_structure}
        named = {_COLUMNS[name]: texts.get(name, "") for name in _TEXTS if kind in _TEXTS[name]}
        self._change(there, {"state": MailboxState.ACTIVE.value, **shown, **named})

    def _replace(self, box: Mailbox, wanted: ContactPoint) -> None:
        if self._canonical(wanted.address) != box.address:
            raise self._refused(say("the address of a mailbox never changes; delete {address}, and insert the other", address=box.address))
        if wanted.kind is not None and self._kind(wanted) is not box.kind:
            detail = say("the kind of a mailbox never changes: {address} is {kind}", address=box.address, kind=box.kind)
            raise self._refused(detail)
        changes: dict[MailboxField, Any] = {MailboxField.RANK: wanted.rank}
        if wanted.red_listed is None:
            if box.red_listed:
                self._note(say("listeRouge is not said, so {address} stays on the red list", address=box.address))
        else:
            changes[MailboxField.RED_LIST] = wanted.red_listed
        empty = {name: "" for name, kinds in _TEXTS.items() if box.kind in kinds}
        self._set(box, {**changes, **empty, **wanted.texts})

    def _set(self, box: Mailbox, changes: Mapping[MailboxField, Any]) -> None:
        """Change values, but for those that are so already."""
        different = {name: value for name, value in changes.items() if getattr(box, _COLUMNS[name]) != value}
        self._texts(box.kind, {name: value for name, value in different.items() if name in _TEXTS})
        self._change(box, {_COLUMNS[name]: value for name, value in different.items()})

    def _change(self, box: Mailbox, changes: Mapping[str, Any]) -> None:
        if changes:
            refuse_controls(changes)
            change_stored(self._world, self._conn, _WHO, box.address, dict(changes))

    def _delete(self, box: Mailbox) -> None:
        if self._world.settings.directory.write_deletion is DirectoryDeletion.REMOVED:
            remove_stored(self._conn, box.address)
        else:
            self._change(box, {"state": MailboxState.CLOSED.value})

    def _box(self, written: str) -> Mailbox:
        """The mailbox of this resource with that address, if the operator may change it."""
        address = self._canonical(written)
        box = mailboxes.by_address(self._conn, address)
        if box is None or box.owner_id != self._entry.id or box.state is MailboxState.CLOSED or not self._bears(box):
            detail = say("there is no mailbox {address} on this {type}; it may stand on another resource", address=address, type=self._type)
            raise self._refused(detail, address)
        if box.operator_id != self._operator.id:
            detail = say(
                "{address} is another operator's; {operator} changes those at its own domains",
                address=address,
                operator=self._operator.name,
            )
            raise Refusal(Rule.AUTHORIZATION_FAILED, numbered(self._number, detail), subject=address, reference=REFERENCE)
        return box

    def _bears(self, box: Mailbox) -> bool:
        if self._type is ResourceType.ORGANIZATION:
            return True
        return (box.with_structure and bool(self._entry.structure)) is (self._type is ResourceType.PRACTITIONER_ROLE)

    def _kind(self, wanted: ContactPoint) -> MailboxKind:
        if wanted.kind not in (known := [kind.value for kind in (*_BORNE[ResourceType.PRACTITIONER], *_BORNE[ResourceType.ORGANIZATION])]):
            words = ", ".join(sorted(known))
            raise self._refused(say("a mailbox that is inserted has a type, one of {words}", words=words), wanted.address)
        return MailboxKind(wanted.kind)

    def _check_kind(self, kind: MailboxKind) -> None:
        if kind not in _BORNE[self._type]:
            detail = say(
                "on {type} stands no mailbox of kind {kind}; PER and CAB stand on a Practitioner or a PractitionerRole, "
                "ORG and APP on an Organization",
                type=self._type,
                kind=kind,
            )
            raise self._refused(detail)

    def _texts(self, kind: MailboxKind, texts: Mapping[MailboxField, str]) -> Mapping[MailboxField, str]:
        """The texts, if a mailbox of that kind has them."""
        for name in texts:
            if kind not in _TEXTS[name]:
                raise self._refused(say("a mailbox of kind {kind} has no {name}", kind=kind, name=name))
            if name is MailboxField.RESPONSIBLE and kind is MailboxKind.CAB:
                self._note(say("a CAB has a responsible in the OpenAPI description alone"))
        return texts

    def _check_domain(self, address: str) -> None:
        domain = domain_of(address)
        found = operators.of_domain(self._conn, domain)
        if found is not None and found.id != self._operator.id:
            detail = say("the domain {domain} is not one of {operator}", domain=domain, operator=self._operator.name)
            raise self._refused(detail, address)
        if not domain.endswith(_SPACE) and domain != _GATEWAY:
            self._note(
                say(
                    "the OpenAPI description takes addresses at *.mssante.fr and interop-mssante.apicrypt.org, not at {domain}",
                    domain=domain,
                )
            )

    def _canonical(self, address: str) -> str:
        try:
            return canonical(address)
        except AddressError as error:
            raise self._refused(say("{address!r} is not an address", address=address[:100]), address[:100]) from error

    def _note(self, what: Sentence) -> None:
        self.notes.append(numbered(self._number, what))

    def _refused(self, what: Sentence, subject: str | None = None) -> Refusal:
        return Refusal(Rule.INVALID, numbered(self._number, what), subject=subject, reference=REFERENCE)
