"""The attributes and object classes that are known here, and their description for clients that ask (ref: rfc4512#4.1)."""

from dataclasses import dataclass
from enum import Enum

BINARY = ";binary"


class Kind(Enum):
    """How values are compared and shown: the syntax of a description, and its matching rule."""

    TEXT = ("1.3.6.1.4.1.1466.115.121.1.15", "caseIgnoreMatch")
    NUMBER = ("1.3.6.1.4.1.1466.115.121.1.27", "integerMatch")
    NAME = ("1.3.6.1.4.1.1466.115.121.1.12", "distinguishedNameMatch")
    OID = ("1.3.6.1.4.1.1466.115.121.1.38", "objectIdentifierMatch")
    CERTIFICATE = ("1.3.6.1.4.1.1466.115.121.1.8", "")
    LIST = ("1.3.6.1.4.1.1466.115.121.1.9", "")
    DESCRIPTION = ("1.3.6.1.4.1.1466.115.121.1.3", "")


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute; `operational` ones are shown when they are asked for. `binary` values are sent as `;binary` (ref: rfc4523#2)."""

    oid: str
    name: str
    kind: Kind = Kind.TEXT
    alias: str | None = None
    operational: bool = False

    @property
    def binary(self) -> bool:
        """Whether its values are DER."""
        return self.kind in (Kind.CERTIFICATE, Kind.LIST)

    @property
    def shown(self) -> str:
        """Its name as answers have it."""
        return self.name + BINARY if self.binary else self.name

    def described(self) -> str:
        """Its description (ref: rfc4512#4.1.2)."""
        names = f"( '{self.name}' '{self.alias}' )" if self.alias else f"'{self.name}'"
        syntax, rule = self.kind.value
        equality = f" EQUALITY {rule}" if rule else ""
        equality += " SUBSTR caseIgnoreSubstringsMatch" if self.kind is Kind.TEXT else ""
        usage = " USAGE dSAOperation" if self.operational else ""
        return f"( {self.oid} NAME {names}{equality} SYNTAX {syntax}{usage} )"


_USER = (
    Attribute("2.5.4.0", "objectClass", Kind.OID),
    Attribute("2.5.4.3", "cn", alias="commonName"),
    Attribute("2.5.4.4", "sn", alias="surname"),
    Attribute("2.5.4.6", "c", alias="countryName"),
    Attribute("2.5.4.10", "o", alias="organizationName"),
    Attribute("2.5.4.11", "ou", alias="organizationalUnitName"),
    Attribute("2.5.4.12", "title"),
    Attribute("2.5.4.13", "description"),
    Attribute("2.5.4.15", "businessCategory"),
    Attribute("2.5.4.42", "givenName"),
    Attribute("0.9.2342.19200300.100.1.1", "uid", alias="userid"),
    Attribute("0.9.2342.19200300.100.1.3", "mail", alias="rfc822Mailbox"),
    Attribute("2.5.4.37", "cACertificate", Kind.CERTIFICATE),
    Attribute("2.5.4.38", "authorityRevocationList", Kind.LIST),
    Attribute("2.5.4.39", "certificateRevocationList", Kind.LIST),
)
_OPERATIONAL = (
    Attribute("2.5.18.10", "subschemaSubentry", Kind.NAME, operational=True),
    Attribute("2.5.21.5", "attributeTypes", Kind.DESCRIPTION, operational=True),
    Attribute("2.5.21.6", "objectClasses", Kind.DESCRIPTION, operational=True),
    Attribute("1.3.6.1.4.1.1466.101.120.5", "namingContexts", Kind.NAME, operational=True),
    Attribute("1.3.6.1.4.1.1466.101.120.15", "supportedLDAPVersion", Kind.NUMBER, operational=True),
    Attribute("1.3.6.1.1.4", "vendorName", operational=True),
    Attribute("1.3.6.1.1.5", "vendorVersion", operational=True),
)
ATTRIBUTES = {one.name: one for one in (*_USER, *_OPERATIONAL)}
"""Every attribute by its name."""
CLASSES = (
    "( 2.5.6.0 NAME 'top' ABSTRACT MUST objectClass )",
    "( 2.5.6.2 NAME 'country' SUP top STRUCTURAL MUST c MAY description )",
    "( 2.5.6.4 NAME 'organization' SUP top STRUCTURAL MUST o MAY ( description $ businessCategory ) )",
    "( 2.5.6.5 NAME 'organizationalUnit' SUP top STRUCTURAL MUST ou MAY ( description $ businessCategory ) )",
    "( 2.5.6.6 NAME 'person' SUP top STRUCTURAL MUST ( sn $ cn ) MAY ( description $ businessCategory ) )",
    "( 2.5.6.7 NAME 'organizationalPerson' SUP person STRUCTURAL MAY ( title $ ou ) )",
    "( 2.16.840.1.113730.3.2.2 NAME 'inetOrgPerson' SUP organizationalPerson STRUCTURAL MAY ( givenName $ mail $ o $ uid ) )",
    "( 2.5.6.19 NAME 'cRLDistributionPoint' SUP top STRUCTURAL MUST cn MAY ( certificateRevocationList $ authorityRevocationList ) )",
    "( 2.5.6.22 NAME 'pkiCA' SUP top AUXILIARY MAY ( cACertificate $ certificateRevocationList $ authorityRevocationList ) )",
    "( 1.3.6.1.4.1.1466.101.120.111 NAME 'extensibleObject' SUP top AUXILIARY )",
    "( 2.5.20.1 NAME 'subschema' AUXILIARY MAY ( attributeTypes $ objectClasses ) )",
)
"""Descriptions of the object classes (ref: rfc4512#4.1.1, rfc4523#3)."""
_CANONICAL = {known.lower(): one.name for one in ATTRIBUTES.values() for known in (one.name, one.oid, one.alias or one.name)}


def canonical(written: str) -> str:
    """The name of an attribute, however it is written: in any case, as an alias, as a number; in lower case where it is not known."""
    found = written.lower().removeprefix("oid.")
    return _CANONICAL.get(found, found)


def attribute(description: str) -> Attribute | None:
    """The attribute that a description is about; None for one that is not known, or has no such option (ref: rfc4512#2.5, rfc4522#2)."""
    written, _, options = description.partition(";")
    found = ATTRIBUTES.get(canonical(written))
    if found is None or (options and (not found.binary or f";{options}".lower() != BINARY)):
        return None
    return found
