"""Patients: their national identity (INS), how far it is proven, and what is done about it."""

from enum import StrEnum


class InsOid(StrEnum):
    """Who gave the number, as documents and archives say it beside the matricule; an address does not (ref: ans-ins#oid)."""

    NIR = "1.2.250.1.213.1.4.8"
    NIA = "1.2.250.1.213.1.4.9"  # numéro identifiant d'attente
    NIR_TEST = "1.2.250.1.213.1.4.10"
    NIR_DEMO = "1.2.250.1.213.1.4.11"  # the other test root; what sets it apart is not told publicly


class Sex(StrEnum):
    """The trait; a number tells the first two only."""

    MALE = "M"
    FEMALE = "F"
    UNKNOWN = "I"  # indéterminé


class PatientState(StrEnum):
    """How far an identity is proven, and what became of the Mon espace santé that belongs to it."""

    QUALIFIED = "qualified"  # identité qualifiée
    PROVISIONAL = "provisional"  # identité provisoire
    WITHOUT_MES = "without-mes"  # s'est opposé à la création
    MES_CLOSED = "mes-closed"  # a fermé son espace
    OPPOSED = "opposed"  # s'oppose à ce qu'on lui écrive par MSSanté


class RepresentativeKind(StrEnum):
    """What somebody is to a minor."""

    PARENT = "parent"
    GUARDIAN = "guardian"  # tuteur


class KeyCheck(StrEnum):
    """What a wrong key of an INS does."""

    STRICT = "strict"
    WARNING = "warning"


class Unqualified(StrEnum):
    """What becomes of a letter to an address that no qualified identity backs."""

    ACCEPTED = "accepted"
    WARNED = "warned"
    REFUSED = "refused"
