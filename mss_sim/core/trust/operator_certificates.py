"""Operators towards each other: the certificate that each presents, and the verdict on a peer's certificate."""

from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path

from cryptography import x509

from mss_sim.core.trust import certificates
from mss_sim.core.trust.certificates import NewCertificate
from mss_sim.core.world.authorities import write_public, write_secret
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.pki import bundles, paths
from mss_sim.policy.peers import PeerCertificate
from mss_sim.store import certificates as kept
from mss_sim.store import mailboxes, operators, white_list
from mss_sim.store.certificates import Certificate
from mss_sim.store.engine import Connection
from mss_sim.store.operators import Operator
from mss_sim.store.white_list import Row
from mss_sim.vocabulary.mailboxes import MailboxKind
from mss_sim.vocabulary.trust import CertificateProfile
from mss_sim.words.sentence import Sentence, say

_JUDGED_MAX = 512
_CERTIFIED_AT_ONCE = 50


async def certify_all(world: World, only: Sequence[Operator] | None = None) -> None:
    """Give operators a client certificate of our authority and put them on the white list, unless they have one or are on the list.

    `only` these; None: all, for a world created before it had certificates.
    """
    listed = (await world.white_list.listing()).rows
    bearing = await world.store.read(kept.operator_ids)
    known = await world.store.read(operators.list_all) if only is None else only
    bare = [one for one in known if one.domains and one.id not in bearing]
    wanted = [one for one in bare if not any(listed.get(domain) for domain in one.domains)]  # a domain removed from the list stays off
    for start in range(0, len(wanted), _CERTIFIED_AT_ONCE):
        await certificates.issue_to_operators(world, wanted[start : start + _CERTIFIED_AT_ONCE], partial(_list, world))


def _list(world: World, conn: Connection, operator: Operator, made: Certificate) -> None:
    for domain in operator.domains:
        white_list.add(conn, Row(domain, made.subject, world.clock.now()))


async def certificate_of(world: World, operator: Operator) -> Certificate:
    """The newest client certificate of an operator that is valid now; Refusal(NOT_FOUND) when it has none of ours."""
    rows = await certificates.valid_certificates_of(world, operator_id=operator.id)
    found = next((row for row in rows if row.profile is CertificateProfile.ORG_AUTH_CLI), None)
    if found is None:
        detail = say("The operator {name} has no client certificate; issue one (POST /control/certificates).", name=operator.name)
        raise Refusal(Rule.NOT_FOUND, detail, subject=operator.name)
    return found


async def recognise(world: World, chain: Sequence[bytes]) -> PeerCertificate:
    """The verdict on a peer's certificate: by our authority, or by that of an external operator, then only for its own domains.

    `chain` (DER) is what it sent, its own certificate first: the authority of an external operator may be the root of a longer chain.
    """
    try:
        shown = await certificates.presented(world, chain[0])
        fault = say("it is revoked") if shown.revoked else _unfit(chain[0])
        if fault is None and not shown.trusted:
            certificate, *above = map(bundles.read_der, chain)
            fault = await _fault_outside(world, shown.subject, certificate, above)
    except paths.UNREADABLE:
        return PeerCertificate(say("that came"), say("it cannot be read (rfc5280#4.1)"))
    return PeerCertificate(shown.subject, fault)


@lru_cache(maxsize=_JUDGED_MAX)
def _unfit(octets: bytes) -> Sentence | None:
    """What `paths.unfit` says of a certificate in DER; a peer shows the same one at each letter."""
    return paths.unfit(bundles.read_der(octets))


async def _fault_outside(world: World, subject: str, certificate: x509.Certificate, above: Sequence[x509.Certificate]) -> Sentence | None:
    """The fault of a certificate that our authority did not sign; None when an external operator's did, for its own name."""
    now = world.igc.now()
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        return say("it is out of its time")
    outside = [row for row in await world.store.read(operators.list_all) if row.mx_ca]
    signing = [row for row in outside if paths.leads_to(certificate, above, _authorities(row), now)]
    if not signing:
        return say("it is not of the authority of organisations")
    bound = (await world.white_list.listing()).domains_of(PeerCertificate(subject))
    if any(domain in bound for row in signing for domain in row.domains):
        return None
    return say("it is of the authority of {name}, and on no row of that operator's domains", name=signing[0].name)


def _authorities(operator: Operator) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates((operator.mx_ca or "").encode())


async def write_files(world: World, folder: Path) -> dict[str, dict[str, str]]:
    """Certificates for tests that run outside, as files: a foreign operator (`mx_peer`) and an application (`app_client`).

    Each exists when the world has such an operator or mailbox; the paths and the address that may be used with them.
    """
    found: dict[str, dict[str, str]] = {}
    outside = [row for row in await world.store.read(operators.list_all) if row.mx == "" and row.domains]
    for operator in outside[:1]:
        made = await certificate_of(world, operator)
        found["mx_peer"] = {**_written(world, folder, "mx_peer", made), "sender": f"contact@{operator.domains[0]}"}
    box = await world.store.read(mailboxes.first_of_kind, MailboxKind.APP)
    if box is not None:
        rows = [row for row in await certificates.list_all(world, mailbox=box.address) if row.revoked_at is None]
        bound = rows[0] if rows else await certificates.issue(world, NewCertificate(mailbox=box.address))
        found["app_client"] = {**_written(world, folder, "app_client", bound), "mailbox": box.address}
    return found


def _written(world: World, folder: Path, name: str, one: Certificate) -> dict[str, str]:
    folder.mkdir(parents=True, exist_ok=True)
    chain, key = folder / f"{name}.pem", folder / f"{name}.key"
    write_public(chain, certificates.with_chain(world, one))
    write_secret(key, one.key)
    return {"cert_file": str(chain.resolve()), "key_file": str(key.resolve())}
