"""What can be searched for in each type of resource: one table, which the CapabilityStatement shows too (ref: ans-annuaire)."""

from enum import Enum, auto

from mss_sim.vocabulary.directory import ResourceType


class Kind(Enum):
    """How the value of a parameter is read."""

    STRING = auto()
    TOKEN = auto()
    DATE = auto()
    REFERENCE = auto()


_EVERYWHERE = {
    "_id": Kind.TOKEN,
    "_lastUpdated": Kind.DATE,
    "data-information-system": Kind.TOKEN,
    "data-registration-authority": Kind.TOKEN,
    "identifier": Kind.TOKEN,
}

PARAMETERS: dict[ResourceType, dict[str, Kind]] = {
    ResourceType.PRACTITIONER: {
        **_EVERYWHERE,
        "active": Kind.TOKEN,
        "family": Kind.STRING,
        "given": Kind.STRING,
        "identifier-type": Kind.TOKEN,
        "mailbox-mss": Kind.STRING,
        "name": Kind.STRING,
        "number-smartcard": Kind.STRING,
        "qualification-code": Kind.TOKEN,
        "type-smartcard": Kind.TOKEN,
    },
    ResourceType.PRACTITIONER_ROLE: {
        **_EVERYWHERE,
        "active": Kind.TOKEN,
        "mailbox-mss": Kind.STRING,
        "organization": Kind.REFERENCE,
        "practitioner": Kind.REFERENCE,
        "role": Kind.TOKEN,
    },
    ResourceType.ORGANIZATION: {
        **_EVERYWHERE,
        "active": Kind.TOKEN,
        "address": Kind.STRING,
        "address-city": Kind.STRING,
        "address-line": Kind.STRING,
        "address-postalcode": Kind.STRING,
        "identifier-type": Kind.TOKEN,
        "mailbox-mss": Kind.STRING,
        "name": Kind.STRING,
        "partof": Kind.REFERENCE,
        "pharmacy-licence": Kind.STRING,
        "type": Kind.TOKEN,
    },
    ResourceType.HEALTHCARE_SERVICE: {
        **_EVERYWHERE,
        "active": Kind.TOKEN,
        "characteristic": Kind.TOKEN,
        "organization": Kind.REFERENCE,
        "service-category": Kind.TOKEN,
        "service-type": Kind.TOKEN,
    },
    ResourceType.DEVICE: {
        **_EVERYWHERE,
        "manufacturer": Kind.STRING,
        "model": Kind.STRING,
        "organization": Kind.REFERENCE,
        "status": Kind.TOKEN,
        "type": Kind.TOKEN,
    },
}

CHAINS = {"organization": ResourceType.ORGANIZATION, "practitioner": ResourceType.PRACTITIONER}
"""What a chained parameter leads to; one level."""

INCLUDES: dict[ResourceType, dict[str, ResourceType]] = {
    ResourceType.PRACTITIONER: {},
    ResourceType.PRACTITIONER_ROLE: dict(CHAINS),
    ResourceType.ORGANIZATION: {"partof": ResourceType.ORGANIZATION},
    ResourceType.HEALTHCARE_SERVICE: {"organization": ResourceType.ORGANIZATION},
    ResourceType.DEVICE: {"organization": ResourceType.ORGANIZATION},
}
"""The references of each type that `_include` follows, and where they lead."""

REVINCLUDES: dict[ResourceType, tuple[str, ...]] = {
    ResourceType.PRACTITIONER: ("PractitionerRole:practitioner",),
    ResourceType.PRACTITIONER_ROLE: (),
    ResourceType.ORGANIZATION: (
        "Device:organization",
        "HealthcareService:organization",
        "Organization:partof",
        "PractitionerRole:organization",
    ),
    ResourceType.HEALTHCARE_SERVICE: (),
    ResourceType.DEVICE: (),
}
"""Whose references to each type `_revinclude` follows back."""
