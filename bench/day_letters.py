"""The letters of a day in a fictional country, each by its number: who brings it through which door, to whom, what is asked for.

Of a hundred letters, 50 are submitted by practitioners who log in, 20 in a session; 50 are brought to the MX port by the servers of
operators, 100 in a session, from the programs and secretariats of their organisations. 5 are for patients, 15 for organisations, 80 for
practitioners; two of five that practitioners write to one another go to a colleague nearby, who mostly has the same operator. Senders and
recipients are drawn from all mailboxes, so that domains and operators have the shares that their sizes give them.

A letter to a patient asks for a read receipt, and each tenth of the others for a delivery notification. One in twenty carries a document of
24 KiB, the others have 2 KiB. Draws are hashes: the same number gives the same letter on every machine.
"""

import base64
from dataclasses import dataclass

from mss_sim.core.control import fictional_patients
from mss_sim.core.control.fictional_patients import drawn
from mss_sim.core.control.fictional_trust_space import PASSWORD, Counts, Network
from mss_sim.mail.addresses import domain_of

BLOCK = 200
"""Letters of a block: half of them submitted in a few sessions, half brought in one."""
_SUBMITTED, _SESSION = 100, 20
_NEARBY = 400
_DOCUMENT_BYTES = 24 * 1_024
_LINE = "Cher confrère, veuillez trouver ci-dessous les éléments demandés ; état conservé.\r\n"
_TEXT = _LINE * 18
_DOCUMENT = base64.encodebytes(bytes(range(256)) * (_DOCUMENT_BYTES // 256)).decode("ascii").replace("\n", "\r\n")
_SUBJECTS = ("Compte rendu de consultation", "Résultats d'analyses", "Lettre de sortie", "Demande d'avis", "Ordonnance")


@dataclass(frozen=True, slots=True)
class Sender:
    """Who opens a session: a practitioner with a login; without one, the server of an operator, by its name, for one of its mailboxes."""

    address: str
    operator: str
    login: str | None = None
    password: str = PASSWORD


@dataclass(frozen=True, slots=True)
class DayLetter:
    """One letter; `displayed`: the patient's read receipt is asked for, `delivered`: the server's notification is."""

    number: int
    to: str
    displayed: bool
    delivered: bool
    document: bool

    def rcpt(self) -> str:
        """The command that names its recipient."""
        return f"RCPT TO:<{self.to}>" + (" NOTIFY=SUCCESS,FAILURE" if self.delivered else "")

    def octets(self, sender: str) -> bytes:
        """The whole letter, with the dot that ends it."""
        head = f"From: <{sender}>\r\nTo: <{self.to}>\r\nSubject: {_SUBJECTS[self.number % len(_SUBJECTS)]} {self.number}\r\n"
        head += f"Date: Mon, 05 Jan 2026 09:00:00 +0100\r\nMessage-ID: {message_id(self.number)}\r\nMIME-Version: 1.0\r\n"
        if self.displayed:
            head += f"Disposition-Notification-To: <{sender}>\r\n"
        return (head + (_WITH_DOCUMENT if self.document else _PLAIN)).encode()


_PLAIN = f"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{_TEXT}.\r\n"
_WITH_DOCUMENT = (
    'Content-Type: multipart/mixed; boundary="day"\r\n\r\n'
    f"--day\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{_TEXT}"
    '--day\r\nContent-Type: application/pdf; name="document.pdf"\r\nContent-Transfer-Encoding: base64\r\n'
    f'Content-Disposition: attachment; filename="document.pdf"\r\n\r\n{_DOCUMENT}--day--\r\n.\r\n'
)


def message_id(number: int) -> str:
    """The Message-ID of the letter of that number."""
    return f"<{number}.day@load.sim.mssante.fr>"


def number_of(rfc_message_id: str) -> int:
    """The number of the letter with that Message-ID."""
    return int(rfc_message_id[1 : rfc_message_id.index(".")])


class Day:
    """The letters among the people of a network."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._network = Network(counts)
        self._operators = {domain: one.name for one in self._network.operators() for domain in one.domains}
        self._patients = [one.address for one in fictional_patients.stream(counts.patients, counts.seed) if one.case != "provisional"]

    def sessions(self, block: int) -> list[tuple[Sender, range]]:
        """The sessions of a block, each with the numbers of its letters."""
        first = block * BLOCK
        middle = first + _SUBMITTED
        submitted = [(self._practitioner(start), range(start, start + _SESSION)) for start in range(first, middle, _SESSION)]
        return [*submitted, (self._organisation(middle), range(middle, first + BLOCK))]

    def letter(self, number: int) -> DayLetter:
        """The letter of a number."""
        draw, share = divmod(drawn(f"day/{number}/to", 1 << 60), 100)
        patient = share < 5
        return DayLetter(number, self._recipient(number, share, draw), patient, not patient and number % 10 == 0, number % 20 == 7)

    def _recipient(self, number: int, share: int, draw: int) -> str:
        counts = self._counts
        if share < 5:
            return self._patients[draw % len(self._patients)]
        if share < 20:
            return self._network.organisation(draw % counts.organisations).mailboxes[0].address
        if number % BLOCK < _SUBMITTED and share < 52:  # 32 of the 80 percent for practitioners
            beside = self._place(number - number % _SESSION) + 1 + draw % _NEARBY
            return self._network.practitioner(beside % counts.practitioners).mailboxes[0].address
        return self._network.practitioner(draw % counts.practitioners).mailboxes[0].address

    def _place(self, first: int) -> int:
        """The practitioner whose session begins with that letter."""
        return drawn(f"day/{first}/from", self._counts.practitioners)

    def _practitioner(self, first: int) -> Sender:
        row = self._network.practitioner(self._place(first))
        address = row.mailboxes[0].address
        return Sender(address, self._operators[domain_of(address)], row.person.login if row.person else None)

    def _organisation(self, first: int) -> Sender:
        address = self._network.organisation(drawn(f"day/{first}/from", self._counts.organisations)).mailboxes[-1].address
        return Sender(address, self._operators[domain_of(address)])

    def reader(self, number: int) -> Sender:
        """Somebody who writes letters of the day, and looks into the mailbox at its end."""
        return self._practitioner(number * BLOCK)
