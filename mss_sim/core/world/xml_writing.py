"""Shared by the XML documents of the trust space."""

from xml.etree import ElementTree as ET

from mss_sim.mail.headers import printable


def append_text(parent: ET.Element, name: str, text: str) -> None:
    """An element that holds only text; characters that XML cannot hold are replaced."""
    ET.SubElement(parent, name).text = printable(text)


def serialize(root: ET.Element) -> bytes:
    """The document in UTF-8, indented for people."""
    ET.indent(root)
    octets: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return octets
