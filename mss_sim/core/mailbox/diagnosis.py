"""What is wrong with the documents of a letter, told when somebody asks (`mss_sim/documents`).

Reading documents takes tens of milliseconds, and memory when they are hostile: it is done in a thread, a few letters at once.
Whether the letter may be read, and that it was, is for the caller that opened it.
"""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE
from typing import TYPE_CHECKING

from mss_sim.config.settings import Settings
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.policy.ins import InsError, parse_ins, wrong_key
from mss_sim.vocabulary.documents import FindingLevel
from mss_sim.vocabulary.patients import KeyCheck
from mss_sim.words.sentence import Sentence, say, sentence_of

if TYPE_CHECKING:
    from mss_sim.documents.findings import Diagnosis
    from mss_sim.documents.practice import Practice
    from mss_sim.documents.reading import Readable


class Diagnoses:
    """The diagnoses of one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._places = asyncio.Semaphore(world.settings.documents.at_once_max)

    async def of_letter(self, raw: bytes) -> "Diagnosis":
        """The diagnosis of a message as it is kept."""
        from mss_sim.documents.diagnosing import diagnose_letter  # noqa: PLC0415 - most worlds diagnose nothing

        limits, chosen = self._world.parse_limits, practice(self._world.settings)
        async with self._places:
            try:
                return await asyncio.to_thread(diagnose_letter, raw, chosen, limits)
            except asyncio.CancelledError:  # the thread goes on, and a stop waits for it
                if chosen.schematron is not None:
                    chosen.schematron.engine.end()
                raise

    async def documents_of(self, raw: bytes) -> "tuple[Readable, ...]":
        """The attached files of a message as people read them."""
        from mss_sim.documents.reading import read_letter  # noqa: PLC0415 - as above

        limits = self._world.parse_limits
        async with self._places:
            return await asyncio.to_thread(read_letter, raw, practice(self._world.settings), limits)

    async def drawn_page(self, raw: bytes, document: int, page: int) -> bytes:
        """The PNG of a page of one of the PDF documents of a message, both counted from 1; Refusal(NOT_FOUND) where it cannot be drawn."""
        from mss_sim.documents.reading import pdfs  # noqa: PLC0415 - as above

        found = pdfs(await self.documents_of(raw))
        if 0 < document <= len(found):
            async with self._places:
                drawn = await _draw(found[document - 1], page, self._world.settings.documents.drawing_seconds_max)
            if drawn:
                return drawn
        raise Refusal(
            Rule.NOT_FOUND,
            say("This message has no document {document} with a page {page} that can be drawn.", document=document, page=page),
        )


async def _draw(pdf: bytes, page: int, seconds: float) -> bytes | None:
    """What the process that draws made (`documents.drawing`); None when it failed, or took too long."""
    command = (sys.executable, "-P", "-m", "mss_sim.documents.drawing", str(page))  # nothing is imported from where somebody stands
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
    try:
        drawn, _ = await asyncio.wait_for(process.communicate(pdf), seconds)
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return drawn if process.returncode == 0 else None


def practice(settings: Settings) -> "Practice":
    """What counts, by the settings."""
    from mss_sim.documents.practice import Practice  # noqa: PLC0415 - as above
    from mss_sim.documents.schematron import Rules  # noqa: PLC0415 - as above

    chosen = settings.documents
    return Practice(
        entries_max=chosen.entries_max,
        expanded_bytes_max=chosen.expanded_bytes_max,
        ratio_max=chosen.ratio_max,
        xml_bytes_max=chosen.xml_bytes_max,
        pdf_objects_max=chosen.pdf_objects_max,
        findings_max=chosen.findings_max,
        roots=frozenset(chosen.ins_roots),
        product=chosen.product,
        schematron=Rules(chosen.schematron, chosen.schematron_files, chosen.schematron_seconds_max) if chosen.schematron else None,
        fault_of_ins=fault_of_ins,
        wrong_key=FindingLevel.ERROR if settings.patient.ins_key is KeyCheck.STRICT else FindingLevel.WARNING,
    )


def fault_of_ins(text: str) -> Sentence | None:
    """What is wrong with a number: a character, or the key; None when nothing is."""
    try:
        return wrong_key(parse_ins(text))
    except InsError as error:
        return sentence_of(error)
