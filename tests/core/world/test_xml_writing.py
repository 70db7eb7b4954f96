"""The XML documents of the trust space: whatever a name holds, the document can be read."""

from xml.etree import ElementTree as ET

from mss_sim.core.world.xml_writing import append_text, serialize


def test_a_document_is_in_utf8_indented_and_readable_whatever_its_texts_hold() -> None:
    root = ET.Element("racine")
    append_text(root, "nom", "Dr <Élodie> & Cie\x00\x0b\ufffe")
    append_text(root, "vide", "")
    octets = serialize(root)
    assert octets.startswith(b"<?xml version='1.0' encoding='utf-8'?>\n<racine>\n  <nom>")
    read = ET.fromstring(octets)  # noqa: S314 - ours
    assert [child.tag for child in read] == ["nom", "vide"]
    text = read[0].text or ""
    assert text.startswith("Dr <Élodie> & Cie")
    assert not {"\x00", "\x0b", "\ufffe"} & set(text)
