"""Letters among the people of a fictional network, submitted by the verb that every client's letter is submitted by.

Of a hundred letters, 5 are for patients where there are some, 15 for organisations, the others for practitioners.
"""

import asyncio
from itertools import islice

from mss_sim.core.access.authentication import Actor
from mss_sim.core.control import fictional_patients
from mss_sim.core.control.bulk_work import Progress
from mss_sim.core.control.fictional_patients import drawn
from mss_sim.core.control.fictional_trust_space import Counts, Network
from mss_sim.core.mailflow.letter import Addressee, Envelope
from mss_sim.core.mailflow.submission import Submission, SubmissionRequest
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.mail.addresses import domain_of
from mss_sim.mail.compose import Draft, compose
from mss_sim.store import identities
from mss_sim.vocabulary.bulk import Stage
from mss_sim.vocabulary.doors import Door
from mss_sim.words.sentence import say

LETTERS_MAX = 1_000_000
_AT_ONCE = 32
_PATIENTS = 1_000
"""Of so many patients, those whose identity is proven get letters."""
_SUBJECTS = ("Compte rendu de consultation", "Résultats d'analyses", "Lettre de sortie", "Demande d'avis", "Ordonnance")
_TEXT = "Cher confrère,\n\nveuillez trouver ci-dessous les éléments demandés ; l'état général est conservé.\n\nBien cordialement.\n"


class NetworkLetters:
    """The letters of one network."""

    def __init__(self, world: World, submission: Submission, counts: Counts) -> None:
        self._world = world
        self._submission = submission
        self._network = Network(counts)
        people = islice(fictional_patients.stream(counts.patients, counts.seed), _PATIENTS)
        self._patients = [one.address for one in people if one.case != "provisional"]

    async def send(self, count: int, progress: Progress) -> int:
        """Send so many, the same ones for the same numbers; how many were sent. Refusal for the first that is refused."""
        progress.begin(Stage.LETTERS, count)
        for start in range(0, count, _AT_ONCE):
            places = range(start, min(start + _AT_ONCE, count))
            async with progress.piece():
                sent = await asyncio.gather(*map(self._send, places), return_exceptions=True)
            wrong = next((one for one in sent if isinstance(one, BaseException)), None)
            if wrong is not None:
                raise wrong
            progress.done += len(places)
        return count

    async def _send(self, place: int) -> None:
        world, counts = self._world, self._network.counts
        sender = self._network.practitioner(drawn(f"{counts.seed}/l/{place}/from", counts.practitioners))
        box, person = sender.mailboxes[0], sender.person
        identity = None if person is None else await world.people.read(identities.by_idnat, person.idnat)
        if identity is None:
            detail = say("The people of this network are not here; make them first, with the same numbers.")
            raise Refusal(Rule.CONFLICT, detail, reference="quirks#fictional-network")
        to = self._recipient(place)
        subject = _SUBJECTS[drawn(f"{counts.seed}/l/{place}/subject", len(_SUBJECTS))]
        draft = Draft((box.label, box.address), [("", to)], f"{subject} {place}", _TEXT)
        raw = compose(draft, message_id=world.ids.message_id(domain_of(box.address)), at=world.clock.now())
        request = SubmissionRequest(Envelope(box.address, (Addressee(to),)), raw, "HTTP", "the control plane")
        await self._submission.submit(Actor(identity, Door.CONTROL), request)

    def _recipient(self, place: int) -> str:
        counts = self._network.counts
        draw = drawn(f"{counts.seed}/l/{place}/to", 1 << 60)
        draw, share = divmod(draw, 100)
        if share < 5 and self._patients:
            return self._patients[draw % len(self._patients)]
        if share < 20 and counts.organisations:
            return self._network.organisation(draw % counts.organisations).mailboxes[0].address
        return self._network.practitioner(draw % counts.practitioners).mailboxes[0].address
