"""Documents to send: a small IHE_XDM archive with a CDA header of a fictional patient.

The archive has the layout that the national guide asks for (ref: ref2#ECO.2.1.1); it is a sample for transport tests, not a
conformance reference for documents.
"""

import hashlib
import io
import zipfile
from dataclasses import dataclass

_NIR_TEST_OID = "1.2.250.1.213.1.4.10"
_CDA = """<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3">
  <realmCode code="FR"/>
  <typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
  <templateId root="2.16.840.1.113883.2.8.2.1"/>
  <id root="1.2.250.1.213.1.1.9.1" extension="MSS-SIM-1"/>
  <code code="34133-9" codeSystem="2.16.840.1.113883.6.1" displayName="Compte rendu de consultation"/>
  <title>Compte rendu de consultation</title>
  <effectiveTime value="20260105100000+0100"/>
  <recordTarget><patientRole>
    <id extension="{ins}" root="{oid}"/>
    <patient><name><given>{given}</given><family qualifier="BR">{family}</family></name></patient>
  </patientRole></recordTarget>
  <component><structuredBody><component><section><text>Bilan cardiologique normal.</text></section></component></structuredBody></component>
</ClinicalDocument>
"""
_METADATA = """<?xml version="1.0" encoding="UTF-8"?>
<SubmitObjectsRequest xmlns="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0" xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0">
  <rim:RegistryObjectList>
    <rim:ExtrinsicObject id="doc1" mimeType="text/xml" objectType="urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1">
      <rim:Slot name="URI"><rim:ValueList><rim:Value>DOC00001.XML</rim:Value></rim:ValueList></rim:Slot>
      <rim:Slot name="hash"><rim:ValueList><rim:Value>{sha1}</rim:Value></rim:ValueList></rim:Slot>
      <rim:Slot name="size"><rim:ValueList><rim:Value>{size}</rim:Value></rim:ValueList></rim:Slot>
      <rim:Slot name="sourcePatientId"><rim:ValueList><rim:Value>{ins}^^^&amp;{oid}&amp;ISO^NH</rim:Value></rim:ValueList></rim:Slot>
    </rim:ExtrinsicObject>
  </rim:RegistryObjectList>
</SubmitObjectsRequest>
"""


@dataclass(frozen=True, slots=True)
class FictionalPatient:
    """Whose document it is; the default is the seed's patient."""

    ins: str = "285037511300167"
    given: str = "Claire"
    family: str = "FONTAINE"


def xdm_archive(patient: FictionalPatient | None = None) -> bytes:
    """The bytes of an `IHE_XDM.ZIP` with one CDA and its metadata, hash and size right."""
    who = patient or FictionalPatient()
    cda = _CDA.format(ins=who.ins, oid=_NIR_TEST_OID, given=who.given, family=who.family).encode()
    digest = hashlib.sha1(cda, usedforsecurity=False).hexdigest()  # the metadata standard says SHA-1
    metadata = _METADATA.format(sha1=digest, size=len(cda), ins=who.ins, oid=_NIR_TEST_OID).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.TXT", "Archive IHE_XDM de mss-sim, patient fictif.\r\n")
        archive.writestr("INDEX.HTM", "<html><body><a href='IHE_XDM/SUBSET01/DOC00001.XML'>Document</a></body></html>")
        archive.writestr("IHE_XDM/SUBSET01/METADATA.XML", metadata)
        archive.writestr("IHE_XDM/SUBSET01/DOC00001.XML", cda)
    return packed.getvalue()
