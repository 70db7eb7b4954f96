"""What a letter of a step carries: files that stand in the scenario, and documents that are made when it is played.

files: [{name: note.txt, text: Voici.}, {name: courbe.png, base64: iVBORw0…}]
documents: {types: ["11490-0"], patient: patient, level: N3}
"""

import base64
import binascii
from dataclasses import dataclass

from mss_sim.scenarios import fields as read
from mss_sim.scenarios.fields import Scope
from mss_sim.scenarios.tree import Fields, Node, NotAScenario
from mss_sim.vocabulary.documents import CdaLevel
from mss_sim.words.sentence import say

_LEVEL = read.one_of(CdaLevel)


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A file by its name: a text, or octets in base64. `type`: its MIME type; None for that of its ending."""

    name: str
    text: str | None = None
    base64: str | None = None
    type: str | None = None

    @property
    def octets(self) -> bytes:
        """What the file holds."""
        return base64.b64decode(self.base64) if self.base64 is not None else (self.text or "").encode()


@dataclass(frozen=True, slots=True)
class Documents:
    """An archive IHE_XDM and a PDF of each type (codes of JDV_J07), of an actor who is a patient; `flaw`: the one thing that is broken."""

    types: tuple[str, ...]
    patient: str | None = None
    level: CdaLevel = CdaLevel.N3
    flaw: str | None = None


def files(scope: Scope, node: Node) -> tuple[Enclosed, ...]:
    """A list of files; one may stand without its list."""
    return tuple(_file(scope, one) for one in read.one_or_several(node))


def _file(scope: Scope, node: Node) -> Enclosed:
    found = read.read_all(scope, read.mapping(node), {"name": read.line, "text": read.text, "base64": _encoded, "type": read.line})
    if "name" not in found or ("text" in found) == ("base64" in found):
        raise NotAScenario(node.line, say("A file has a name, and one of text and base64."))
    return Enclosed(**found)


def documents(scope: Scope, node: Node) -> Documents:
    """Documents to be made; their types alone may stand there."""
    if not isinstance(node, Fields):
        node = Fields(node.line, {"types": node}, {"types": node.line})
    found = read.read_all(scope, read.mapping(node), {"types": read.lines, "patient": read.person, "level": _LEVEL, "flaw": read.line})
    if not found.get("types"):
        raise NotAScenario(node.line, say("Name one at least."))
    return Documents(**found)


def _encoded(_scope: Scope, node: Node) -> str:
    """Octets in base64, over any number of lines."""
    found = "".join(read.scalar(node).text.split())
    try:
        base64.b64decode(found, validate=True)
    except (binascii.Error, ValueError):
        raise NotAScenario(node.line, say("Base64 is expected here.")) from None
    return found
