"""The national directory (Annuaire Santé): its resources, code systems and habits."""

from enum import StrEnum

_ANNUAIRE = "https://interop.esante.gouv.fr/ig/fhir/annuaire/StructureDefinition/"
_CORE = "https://hl7.fr/ig/fhir/core/StructureDefinition/"
_NOS = "https://mos.esante.gouv.fr/NOS/"

BASE = "/fhir/v2"
"""Path of the directory below its host (ref: ans-annuaire)."""
WRITE_BASE = "/fhir/operators"
"""Path of the server that operators write to, a separate one, whose place is not public (ref: quirks#directory-writing)."""
API_KEY_HEADER = "ESANTE-API-KEY"
_EXTRACTIONS = "/annuaire-sante-webservices/V300/services/extraction/"


class FileName(StrEnum):
    """The files that are made each day, as they are called."""

    MAILBOXES = "Extraction_Correspondance_MSSante"
    PROFESSIONALS = "PS_LibreAcces"
    CARDS = "Porteurs_CPS_CPF"


EXTRACTIONS = {_EXTRACTIONS + name: name for name in FileName}
"""The daily files by their paths (ref: ans-annuaire)."""


class ResourceType(StrEnum):
    """What the directory serves."""

    PRACTITIONER = "Practitioner"  # personne physique
    PRACTITIONER_ROLE = "PractitionerRole"  # situation d'exercice
    ORGANIZATION = "Organization"  # structure
    HEALTHCARE_SERVICE = "HealthcareService"  # activité de soins, équipement social
    DEVICE = "Device"  # équipement matériel lourd


class DirectoryErrors(StrEnum):
    """With which status a search that cannot be understood is answered."""

    NATIONAL = "national"  # 500, as the national server does
    STRICT = "strict"  # 400


class DirectoryProfile(StrEnum):
    """Which form of the resources is given out."""

    LIVE_V2 = "live-v2"  # as the national server emits them
    IG_1_2 = "ig-1.2"  # as version 1.2 of the guide has them


class DirectoryRestricted(StrEnum):
    """Of which mailboxes an operator is shown what the public directory hides."""

    OWN = "own"  # those at its own domains
    ALL = "all"


class DirectoryWriteRefusals(StrEnum):
    """With which status a change is refused that can be read and may not be."""

    FHIR = "fhir"  # 422, 409, as FHIR in general
    OPENAPI = "openapi"  # 400, for the published description has no other


class DirectoryDeletion(StrEnum):
    """What becomes of a mailbox that its operator deletes from the directory."""

    CLOSED = "closed"  # letters stay, none arrives
    REMOVED = "removed"  # with all that is in it


class PatchType(StrEnum):
    """What an operation of a PATCH does."""

    INSERT = "insert"
    REPLACE = "replace"
    DELETE = "delete"


class MailboxField(StrEnum):
    """What a PATCH changes of a mailbox by a path of its own."""

    RED_LIST = "listeRouge"
    DESCRIPTION = "description"
    SERVICE = "service"
    RESPONSIBLE = "responsible"
    RANK = "rank"


class Findability(StrEnum):
    """Whether the directory shows an address, or why it does not; what REST says as `code`."""

    PUBLISHED = "published"
    NOT_YET_PUBLISHED = "not-yet-published"
    RED_LISTED = "red-listed"  # sur liste rouge
    CLOSED = "closed"
    HOLDER_NOT_ACTIVE = "holder-not-active"
    HOLDER_NEVER_PUBLISHED = "holder-never-published"
    PATIENT = "patient"
    DOMAIN_OUTSIDE = "domain-outside"
    UNKNOWN = "unknown"
    NOT_SHOWN = "not-shown"  # the caller may not know which of these it is


class WhyTold(StrEnum):
    """Who is told why the directory does not show an address."""

    HOLDERS = "holders"  # those who may see the mailbox
    PROFESSIONALS = "professionals"  # of mailboxes that are no patient's, professionals and employees too


class System(StrEnum):
    """Code systems and naming systems."""

    IDNPS = "urn:oid:1.2.250.1.71.4.2.1"  # identification nationale des personnes
    IDNST = "urn:oid:1.2.250.1.71.4.2.2"  # identification nationale des structures
    RPPS = "https://rpps.esante.gouv.fr"
    FINESS = "https://finess.esante.gouv.fr"
    RPPS_RANK = "https://rppsrang.esante.gouv.fr"
    SIRENE = "https://sirene.fr"
    IDENTIFIER_TYPE = "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0203"
    ORGANIZATION_TYPE = "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-3307"
    PROFESSION = f"{_NOS}TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante"
    CATEGORY = f"{_NOS}TRE_R09-CategorieProfessionnelle/FHIR/TRE-R09-CategorieProfessionnelle"
    SPECIALTY = f"{_NOS}TRE_R38-SpecialiteOrdinale/FHIR/TRE-R38-SpecialiteOrdinale"
    SECTOR = f"{_NOS}TRE_R02-SecteurActivite/FHIR/TRE-R02-SecteurActivite"
    ACTIVITY = f"{_NOS}TRE_R22-GenreActivite/FHIR/TRE-R22-GenreActivite"
    MODE = f"{_NOS}TRE_R23-ModeExercice/FHIR/TRE-R23-ModeExercice"
    MESSAGING = f"{_NOS}TRE_R256-TypeMessagerie/FHIR/TRE-R256-TypeMessagerie"
    MAILBOX_KIND = f"{_NOS}TRE_R257-TypeBAL/FHIR/TRE-R257-TypeBAL"
    OBSERVATION_VALUE = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"


class Canonical(StrEnum):
    """Profiles and extensions."""

    PRACTITIONER = f"{_ANNUAIRE}as-dp-practitioner"
    PRACTITIONER_ROLE = f"{_ANNUAIRE}as-dp-practitionerrole"
    ORGANIZATION = f"{_ANNUAIRE}as-dp-organization"
    HEALTHCARE_SERVICE = f"{_ANNUAIRE}as-dp-healthcareservice-healthcare-activity"
    DEVICE = f"{_ANNUAIRE}as-dp-device"
    CORE_PRACTITIONER = f"{_CORE}fr-core-practitioner"
    CORE_PRACTITIONER_ROLE = f"{_CORE}fr-core-practitioner-role"
    CORE_ORGANIZATION = f"{_CORE}fr-core-organization"
    RESTRICTED_PRACTITIONER = f"{_ANNUAIRE}as-dr-practitioner"
    RESTRICTED_PRACTITIONER_ROLE = f"{_ANNUAIRE}as-dr-practitionerrole"
    RESTRICTED_ORGANIZATION = f"{_ANNUAIRE}as-dr-organization"
    CONDITIONAL_PATCH = "http://hl7.org/fhir/5.0/StructureDefinition/extension-CapabilityStatement.rest.resource.conditionalPatch"
    EMAIL_TYPE = f"{_CORE}fr-core-contact-point-email-type"
    MAILBOX_METADATA = f"{_ANNUAIRE}as-ext-mailbox-mss-metadata"
    ORGANIZATION_TYPES = f"{_ANNUAIRE}as-ext-organization-types"


SOURCE = "https://annuaire.sante.fr"
"""`meta.source` of every resource."""
