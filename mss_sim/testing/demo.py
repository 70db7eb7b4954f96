"""The story that the simulator exists for, played over real sockets: `make demo`.

A hospital doctor writes to a practice's shared mailbox. The doctor of the practice gives a newcomer rights over it; she logs in by Pro
Santé Connect, reads, is refused what she was not given, and answers on behalf of the mailbox. The receipts come; a letter to nobody comes
back; her grant is revoked; the journal tells all of it; a conversation with a patient is closed; in a world of its own, a month passes.
Each step prints what the wire said.
"""

import argparse
import json
import secrets
import time
import urllib.parse
from contextlib import ExitStack
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import Any

from mss_sim.config.settings import Settings
from mss_sim.testing.builders import xdm_archive
from mss_sim.testing.demo_clients import Language, Story, Telling, until
from mss_sim.testing.documents import Ready
from mss_sim.testing.handle import RunningSimulator

_HOSPITAL = "paul.durand@hopital-ormes.sim.mssante.fr"
_PRACTICE = "tilleuls@cabinet.sim.mssante.fr"
_DOCTOR = "camille.martin@medecin.sim.mssante.fr"
_PATIENT = "285037511300167@patient.mssante.fr"
_NOBODY = "personne@medecin.sim.mssante.fr"
_RIGHTS = ["see", "read", "mark", "send_on_behalf"]


class Play:
    """The story in one world, which may be in use: what lay in its mailboxes before is passed over, and the grant is revoked at its end."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._case = secrets.randbelow(9_000) + 1_000
        boxes = {"doctor": _DOCTOR, "hospital": _HOSPITAL, "patient": _PATIENT}
        self._before = {box: self._last(role, box, "messages?folder=INBOX&") for role, box in boxes.items()}
        self._before[_PRACTICE] = self._last("doctor", _PRACTICE, "messages?folder=INBOX&")
        self._journal_before = self._last("doctor", _PRACTICE, "journal?")
        self._grant_id = ""

    def _last(self, role: str, mailbox: str, what: str) -> str:
        items = self._story.looked_up(role, f"/mailboxes/{mailbox}/{what}limit=1").get("items")
        return items[0]["id"] if items else ""

    def _newest(self, role: str, mailbox: str, *begins: str, **filters: str) -> dict[str, Any]:
        """The newest letter in a mailbox that came in this story; `begins`: how its subject may begin, in the language of the world."""
        query = urllib.parse.urlencode({"folder": "INBOX", "limit": "10" if begins else "1", **filters})
        before = self._before[mailbox]

        def wanted(page: dict[str, Any]) -> list[dict[str, Any]]:
            return [item for item in page["items"] if item["id"] > before and item["subject"].startswith(begins or ("",))]

        items = wanted(self._story.rest_until(role, f"/mailboxes/{mailbox}/messages?{query}", lambda page: bool(wanted(page))))
        subject = items[0]["subject"] if items else None
        self._story.check(bool(items), f"{mailbox} has it: {subject}", f"{mailbox} l'a reçu : {subject}")
        found: dict[str, Any] = items[0]
        return found

    def play(self, *, in_use: bool) -> None:
        """All steps; the time of a world that is in use is left alone, as it never goes back."""
        self._letter_comes()
        self._grant()
        self._reading()
        self._answering()
        self._receipts()
        self._revocation()
        self._journal()
        self._closure()
        if not in_use:
            self._month()

    def _letter_comes(self) -> None:
        story = self._story
        story.step(
            "The hospital doctor sends a letter with an IHE_XDM.ZIP to the practice's shared mailbox, by SMTP",
            "Le médecin de l'hôpital envoie par SMTP une lettre avec une archive IHE_XDM.ZIP à la BAL partagée du cabinet",
        )
        subject = f"XDM/1.0/DDM+CR ou fiche de consultation ou de visite FONTAINE Claire {self._case}"
        letter = _letter(_HOSPITAL, _PRACTICE, subject, "Voici le compte rendu.", receipt=True)
        letter.add_attachment(xdm_archive(), maintype="application", subtype="zip", filename="IHE_XDM.ZIP")
        options = ("NOTIFY=SUCCESS,FAILURE", f"ORCPT=rfc822;{_PRACTICE}")
        code = story.smtp("hospital", _HOSPITAL, _PRACTICE, letter, options=options)[0]
        story.check(code == 250, "accepted, and on disk", "acceptée, et écrite sur le disque")

    def _grant(self) -> None:
        story = self._story
        story.step(
            "The doctor of the practice delegates the mailbox to Louise, a newcomer: she may see, read, mark, and answer on its behalf",
            "Le médecin du cabinet délègue la BAL à Louise, qui vient d'arriver : elle peut voir, lire, marquer et répondre pour elle",
        )
        story.log_in("newcomer")
        status = story.rest("newcomer", "GET", f"/mailboxes/{_PRACTICE}/messages")[0]
        nothing = "before the grant the mailbox does not exist for her", "avant la délégation, la BAL n'existe pas pour elle"
        already = (
            "she has a grant in this world already: revoke it, or begin the world anew with POST /control/reset",
            "elle a déjà une délégation dans ce monde : révoquez-la, ou recommencez ce monde par POST /control/reset",
        )
        story.check(status == 404, *(nothing if status == 404 else already))
        wanted = {"grantee": story.persona("newcomer")["idnat"], "rights": _RIGHTS, "reason": "remplacement"}
        status, grant = story.rest("doctor", "POST", f"/mailboxes/{_PRACTICE}/grants", wanted)
        self._grant_id = grant.get("id", "")
        story.check(status == 201, f"grant {self._grant_id} is in force at once", f"la délégation {self._grant_id} vaut aussitôt")

    def _reading(self) -> None:
        story = self._story
        story.step(
            "With her token she finds the letter in her mail program, over IMAP, and is refused what she was not given",
            "Avec son jeton, elle trouve la lettre dans son logiciel de messagerie, par IMAP ; ce qui n'est pas délégué lui est refusé",
        )
        with story.imap("newcomer", _PRACTICE) as client:
            subject = f"SUBJECT {self._case}"
            until(lambda: (client.select("INBOX"), client.search(None, "UNSEEN", subject))[1][1], lambda found: found != [b""])
            number = story.ask(client, "SEARCH", "UNSEEN", subject)
            story.check(number.isdecimal(), f"the letter is unseen, number {number}", f"la lettre est non lue, numéro {number}")
            shown = story.ask(client, "FETCH", number, "(ENVELOPE BODYSTRUCTURE)")
            story.check("IHE_XDM.ZIP" in shown, "the archive is announced", "l'archive est annoncée")
            seen = "Seen" in story.ask(client, "FETCH", number, "(BODY[1])")
            story.check(seen, "reading it marks it seen for the whole practice", "la lire la marque lue pour tout le cabinet")
            refused = story.ask(client, "STORE", number, "+FLAGS", "(\\Deleted)").startswith("[NOPERM]")
            story.check(refused, "she may not delete it, over IMAP", "elle ne peut pas la supprimer, par IMAP")
        self._read = self._newest("newcomer", _PRACTICE, unread="false", subject=str(self._case))
        status, problem = story.rest("newcomer", "DELETE", f"/mailboxes/{_PRACTICE}/messages/{self._read['id']}")
        held = status == 403 and problem["code"] == "right-missing"
        story.check(held, "nor over REST, by the same rule", "ni par REST, selon la même règle")

    def _answering(self) -> None:
        story, id_ = self._story, self._read["id"]
        story.step(
            "She sends the read receipt that was asked for, and answers on behalf of the mailbox, over REST",
            "Elle envoie l'accusé de lecture demandé et répond pour la BAL, par REST",
        )
        opened = story.rest("newcomer", "GET", f"/mailboxes/{_PRACTICE}/messages/{id_}")[1]
        story.check(opened["attachments"][0]["filename"] == "IHE_XDM.ZIP", "the archive is there", "l'archive est là")
        name = story.persona("newcomer")["name"]
        first = opened["first_read"]["by"]["name"] == name
        story.check(first, f"the mailbox knows that {name} read it first", f"la BAL sait que {name} l'a lue la première")
        status = story.rest("newcomer", "POST", f"/mailboxes/{_PRACTICE}/messages/{id_}/receipt")[0]
        story.check(status == 201, "receipt sent", "accusé envoyé")
        answer = {"to": [_HOSPITAL], "subject": f"Re: compte rendu {self._case}", "text": "Bien reçu, merci.", "in_reply_to": id_}
        status, sent = story.rest("newcomer", "POST", f"/mailboxes/{_PRACTICE}/messages", answer)
        on_behalf = status == 201 and sent["mode"] == "send_on_behalf"
        story.check(on_behalf, "sent on behalf of the mailbox", "envoyé pour le compte de la BAL")
        received = self._newest("hospital", _HOSPITAL, subject=f"compte rendu {self._case}")
        headers = dict(story.rest("hospital", "GET", f"/mailboxes/{_HOSPITAL}/messages/{received['id']}")[1]["headers"])
        shown = f"From: {headers['From']}   Sender: {headers.get('Sender')}"
        story.check(name in headers.get("Sender", ""), shown, shown)

    def _receipts(self) -> None:
        story = self._story
        story.step(
            "The sender has a delivery receipt and a read receipt; the letter has a timeline",
            "L'expéditeur a un accusé de remise et un accusé de lecture ; sa lettre a un suivi",
        )
        self._newest("hospital", _HOSPITAL, "Delivered message", "Message distribué")
        self._newest("hospital", _HOSPITAL, "Read: ", "Lu : ")
        sent = f"/mailboxes/{_HOSPITAL}/sent?limit=1"
        page = story.rest_until("hospital", sent, lambda told: len(told["items"][0]["recipients"][0]["events"]) >= 4)
        told = page["items"][0]["recipients"][0]
        kinds = [event["kind"] for event in told["events"]]
        shown = f"{told['address']}: {', '.join(kinds)}"
        story.check(kinds == ["submitted", "relayed", "delivered", "displayed"], shown, shown)

        story.step(
            "A letter to an unknown mailbox of another operator comes back as a non-delivery receipt",
            "Une lettre pour une BAL inconnue d'un autre opérateur revient avec un avis de non-remise",
        )
        code = story.smtp("hospital", _HOSPITAL, _NOBODY, _letter(_HOSPITAL, _NOBODY, f"Pour personne {self._case}", "?"))[0]
        told_later = "accepted: the other operator answers afterwards", "acceptée : l'autre opérateur répond après coup"
        story.check(code == 250, *told_later)
        returned = self._newest("hospital", _HOSPITAL, "Undelivered message", "Message non distribué")
        text = story.rest("hospital", "GET", f"/mailboxes/{_HOSPITAL}/messages/{returned['id']}")[1]["text"]
        story.check("5.1.1" in text, "5.1.1: there is no such mailbox", "5.1.1 : cette BAL n'existe pas")

    def _revocation(self) -> None:
        story = self._story
        story.step(
            "The doctor revokes the grant; Louise is shut out at her very next request",
            "Le médecin révoque la délégation ; Louise n'a plus accès dès sa requête suivante",
        )
        status = story.rest("doctor", "DELETE", f"/mailboxes/{_PRACTICE}/grants/{self._grant_id}")[0]
        story.check(status == 200, "revoked", "révoquée")
        status, problem = story.rest("newcomer", "GET", f"/mailboxes/{_PRACTICE}/messages")
        gone = status == 404 and problem["code"] == "not-found"
        story.check(gone, "for her the mailbox does not exist any more", "pour elle, la BAL n'existe plus")

    def _journal(self) -> None:
        story = self._story
        story.step(
            "The journal of the mailbox tells who did what, by which grant and through which door",
            "Le journal de la BAL dit qui a fait quoi, par quelle délégation et par quelle porte",
        )
        page = story.rest("doctor", "GET", f"/mailboxes/{_PRACTICE}/journal?limit=50")[1]
        lines = [line for line in reversed(page["items"]) if line["id"] > self._journal_before]
        for line in lines:
            who = line["actor"]["name"] if line["actor"] else "-"
            story.row(f"{line['at'][11:19]}  {line['act']:<18} {line['door']:<5} {who:<16} {line['grant_id'] or '-'}")
        hers = [line["act"] for line in lines if line["grant_id"] == self._grant_id]
        wanted = {"grant.created", "message.read", "receipt.sent", "message.submitted", "grant.revoked"}
        tried = any(line["act"] == "right.refused" for line in page["items"])  # once a minute, so perhaps in the story before
        story.check(
            wanted <= set(hers) and tried,
            f"{len(lines)} lines, {len(hers)} of them with the grant; what she tried in vain is there too",
            f"{len(lines)} lignes, dont {len(hers)} avec la délégation ; ce qu'elle a tenté en vain y est aussi",
        )

    def _closure(self) -> None:
        story = self._story
        story.step("The doctor writes to a patient, who answers", "Le médecin écrit à une patiente, qui répond")
        subject = f"Votre ordonnance {self._case}"
        opening = _letter(_DOCTOR, _PATIENT, subject, "Bonjour, la voici.")
        code = story.smtp("doctor", _DOCTOR, _PATIENT, opening)[0]
        story.check(code == 250, "the conversation is open", "la conversation est ouverte")
        self._newest("patient", _PATIENT, subject=subject)
        thread = {"In-Reply-To": opening["Message-ID"], "References": opening["Message-ID"]}
        thanks = _letter(_PATIENT, _DOCTOR, f"Re: {subject}", "Merci docteur.", headers=thread)
        code = story.smtp("patient", _PATIENT, _DOCTOR, thanks)[0]
        story.check(code == 250, "the patient may answer", "la patiente peut répondre")

        story.step(
            "The doctor closes the conversation; the patient's next answer is refused at both doors",
            "Le médecin clôt la conversation ; la réponse suivante de la patiente est refusée aux deux portes",
        )
        conversation = story.rest("doctor", "GET", f"/mailboxes/{_DOCTOR}/conversations?limit=1")[1]["items"][0]
        closed = story.rest("doctor", "POST", f"/mailboxes/{_DOCTOR}/conversations/{conversation['id']}/close")[1]
        story.check(closed["closed"] is True, "closed", "close")
        again = _letter(_PATIENT, _DOCTOR, f"Re: {subject}", "Encore une question.", headers=thread)
        code = story.smtp("patient", _PATIENT, _DOCTOR, again)[0]
        story.check(code == 550, "refused over SMTP", "refusée par SMTP")
        body = {"to": [_DOCTOR], "subject": f"Re: {subject}", "text": "Encore une question."}
        status, problem = story.rest("patient", "POST", f"/mailboxes/{_PATIENT}/messages", body)
        held = status == 403 and problem["code"] == "conversation-closed"
        story.check(held, "refused over REST, by the same rule", "refusée par REST, selon la même règle")
        self._why_not()

    def _why_not(self) -> None:
        told = self._story.rest("patient", "GET", f"/mailboxes/{_PATIENT}/why-not?to={_DOCTOR}")[1]
        held = told["code"] == "conversation-closed" and told["cause"] == "explicit"
        why = f"{told['code']}, {told['withdrawn_at']}"
        self._story.check(held, f"asked why: {why}", f"interrogé, le simulateur dit pourquoi : {why}")

    def _month(self) -> None:
        story = self._story
        story.step(
            "A month passes at once: a grant of three weeks ends on its day, and what was closed stays closed",
            "Un mois passe d'un coup : une délégation de trois semaines finit à son jour, et l'échange clos le reste",
        )
        now = datetime.fromisoformat(story.control("GET", "/clock")["now"])
        louise, until_ = story.persona("newcomer")["idnat"], (now + timedelta(days=21)).isoformat()
        wanted = {"grantee": louise, "rights": ["see", "read"], "valid_until": until_, "reason": "congés"}
        status, grant = story.rest("doctor", "POST", f"/mailboxes/{_PRACTICE}/grants", wanted)
        story.check(status == 201, f"granted until {grant['valid_until']}", f"délégué jusqu'au {grant['valid_until']}")
        moved = story.control("POST", "/clock/advance", {"by": "P1M"})
        for row in moved["fired"]:
            story.row(f"{row['at']}  {row['kind']:<16} {row['mailbox']}  {row['who']}")
        ended = [row for row in moved["fired"] if row["kind"] == "grant.ended" and row["who"] == louise]
        passed = datetime.fromisoformat(moved["now"]) - now >= timedelta(days=28)
        story.check(len(ended) == 1 and passed, f"it is {moved['now']}", f"nous sommes le {moved['now']}")
        self._why_not()
        code = story.smtp("patient", _PATIENT, _DOCTOR, _letter(_PATIENT, _DOCTOR, "Un mois après", "Encore une question."))[0]
        story.check(code == 550, "the patient is still refused", "la patiente est toujours refusée")
        code = story.smtp("doctor", _DOCTOR, _PATIENT, _letter(_DOCTOR, _PATIENT, f"Des nouvelles {self._case}", "Bonjour."))[0]
        story.check(code == 250, "the doctor writes again", "le médecin écrit de nouveau")
        self._newest("patient", _PATIENT, subject=f"Des nouvelles {self._case}")
        told = story.rest("patient", "GET", f"/mailboxes/{_PATIENT}/why-not?to={_DOCTOR}")[1]
        story.check(told["may_write"], "a new letter opens again", "une nouvelle lettre rouvre l'échange")


def _letter(sender: str, to: str, subject: str, text: str, *, receipt: bool = False, headers: dict[str, str] | None = None) -> EmailMessage:
    message = EmailMessage()
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message["Date"] = formatdate(localtime=True)
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["X-MSS-NIL"] = "DEV0001"
    if receipt:
        message["Disposition-Notification-To"] = sender
    for name, value in (headers or {}).items():
        message[name] = value
    message.set_content(text)
    return message


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make demo ARGS=...", description="Play the story of a delegated mailbox over real sockets.")
    languages = [one.value for one in Language]
    parser.add_argument("--lang", choices=languages, default="en", help="the language of the story (langue du récit)")
    parser.add_argument("--step", action="store_true", help="wait for Enter after each step (attendre Entrée à chaque étape)")
    parser.add_argument("--whole", action="store_true", help="show the lines of the wire whole (lignes entières)")
    parser.add_argument("--ready", type=Path, metavar="FILE", help="play in the running simulator that wrote this ready file")
    return parser.parse_args(arguments)


def _ready(file: Path) -> Ready:
    """What a ready file says; SystemExit with what to do where there is none."""
    try:
        found: Ready = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SystemExit(f"{file} is no ready file of a running simulator: start one with make run, and give data/ready.json") from error
    return found


def main(arguments: list[str] | None = None) -> None:
    """Play the story, in a world of its own on free ports unless a ready file names another."""
    options, begun = _options(arguments), time.monotonic()
    telling = Telling(Language(options.lang), step_by_step=options.step, whole=options.whole)
    with ExitStack() as stack:
        if options.ready:
            ready = _ready(options.ready)
        else:
            ports = Settings(submission_port=0, mx_port=0, imap_port=0, http_port=0)
            ready = stack.enter_context(RunningSimulator(ports)).ready
        story = Story(ready, telling)
        Play(story).play(in_use=options.ready is not None)
        seconds = time.monotonic() - begun
        story.end(f"The whole story holds, in {seconds:.1f} s.", f"L'histoire tient jusqu'au bout, en {seconds:.1f} s.")


if __name__ == "__main__":
    main()
