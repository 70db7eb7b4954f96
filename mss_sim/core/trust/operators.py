"""Operators of the trust space: those served here, and external ones, to which mail is relayed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial

from cryptography import x509

from mss_sim.core.trust import operator_certificates
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.mail.addresses import AddressError, canonical_domain
from mss_sim.store import operators
from mss_sim.store.engine import Connection
from mss_sim.store.operators import Operator
from mss_sim.vocabulary.doors import LogInBy
from mss_sim.words.sentence import joined, say, sentence_of


@dataclass(frozen=True, slots=True)
class NewOperator:
    """An operator to create; see `store.operators.Operator`. `certificate_dns` are the certificates that the white list names for it."""

    name: str
    domains: Sequence[str]
    message_size_bytes_max: int | None = None
    mx: str | None = None
    mx_ca: str | None = None
    authentication: Collection[LogInBy] = frozenset(LogInBy)
    certificate_dns: Sequence[str] = ()


async def add(world: World, new: NewOperator) -> Operator:
    """Create an operator with its domains, and put it on the white list; one that names no certificate gets one of ours."""
    return (await add_many(world, [new]))[0]


async def add_many(world: World, wanted: Sequence[NewOperator]) -> list[Operator]:
    """Create operators, all or none."""
    made = await world.store.write(partial(create_many, world, wanted=wanted), changes_directory=True)
    await list_certificates(world, wanted)
    await operator_certificates.certify_all(world, made)
    return made


def create_many(world: World, conn: Connection, wanted: Sequence[NewOperator]) -> list[Operator]:
    """Create operators, inside a unit of work; afterwards they are to be put on the white list."""
    named = [_domains(new) for new in wanted]
    for new in wanted:
        _check_place(new.mx)
        _check_authority(new.mx_ca)
    known = operators.list_all(conn)
    names = {operator.name: operator for operator in known}
    domains = {domain: operator for operator in known for domain in operator.domains}
    return [_add(world, conn, new, theirs, names, domains) for new, theirs in zip(wanted, named, strict=True)]


async def list_certificates(world: World, wanted: Sequence[NewOperator]) -> None:
    """Put the certificates that operators name on the white list, for all their domains."""
    for new in wanted:
        for domain in _domains(new) if new.certificate_dns else ():
            await world.white_list.add(domain, new.certificate_dns)


def _domains(new: NewOperator) -> tuple[str, ...]:
    """The canonical domains as they are read back: EHLO announces the name of the first."""
    try:
        return tuple(sorted({canonical_domain(domain) for domain in new.domains}))
    except AddressError as error:
        raise Refusal(Rule.INVALID, joined((sentence_of(error), ".")), reference="rfc5321#4.1.2") from error


def _add(
    world: World, conn: Connection, new: NewOperator, theirs: tuple[str, ...], names: dict[str, Operator], domains: dict[str, Operator]
) -> Operator:
    """Store one operator, unless its name or one of its domains is among those that are there; it is one of them from then on."""
    other = names.get(new.name) or next((domains[domain] for domain in theirs if domain in domains), None)
    if other is not None:
        taken = sorted(set(other.domains).intersection(theirs))
        detail = say("There is already an operator called {name}, or with the domains {taken}.", name=other.name, taken=taken)
        raise Refusal(Rule.CONFLICT, detail)
    operator = Operator(world.ids.next(), new.name, new.message_size_bytes_max, theirs, new.mx, new.mx_ca, frozenset(new.authentication))
    operators.add(conn, operator)
    names[new.name] = operator
    domains.update(dict.fromkeys(theirs, operator))
    return operator


async def change(world: World, name: str, **values: object) -> Operator:
    """Change an operator's limits and log-in methods; its name and domains stay."""
    if "mx" in values:
        _check_place(values["mx"] if isinstance(values["mx"], str) else None)
    if isinstance(values.get("mx_ca"), str):
        _check_authority(str(values["mx_ca"]))

    def unit(conn: Connection) -> Operator:
        found = next((operator for operator in operators.list_all(conn) if operator.name == name), None)
        if found is None:
            raise Refusal(Rule.NOT_FOUND, say("There is no operator called {name}.", name=name), subject=name)
        changed = replace(found, **values)  # type: ignore[arg-type]  # the names were checked at the door
        operators.change(conn, changed)
        return changed

    return await world.store.write(unit, changes_directory=True)


async def list_all(world: World) -> list[Operator]:
    """All operators."""
    return await world.store.read(operators.list_all)


def _check_place(mx: str | None) -> None:
    host, colon, port = (mx or "").rpartition(":")
    if mx and not (colon and host and mx.isprintable() and " " not in mx and port.isdecimal() and 0 < int(port) < 65_536):
        raise Refusal(
            Rule.INVALID, say("An operator outside is reached at host:port, such as 127.0.0.1:2025; {mx!r} is none.", mx=mx), subject=mx
        )


def _check_authority(pem: str | None) -> None:
    if pem is None:
        return
    try:
        x509.load_pem_x509_certificates(pem.encode())
    except ValueError as error:
        raise Refusal(Rule.INVALID, say("mx_ca is not a certificate in PEM; it begins with -----BEGIN CERTIFICATE-----.")) from error
