"""One language for all that people are told: the same story in a world that speaks English and in one that speaks French."""

import asyncio
import re
import smtplib
import ssl
from collections.abc import AsyncIterator, Iterator
from email import message_from_bytes
from email.policy import default
from typing import Any

import httpx
import pytest
import pytest_asyncio

from mss_sim.app.simulator import Simulator
from mss_sim.vocabulary.language import Language
from tests.arriving import wait_for_arrivals
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, PRACTICE, ImapClient, Peer, Person, control, letter
from tests.conftest import starter
from tests.relying_party import RelyingParty, told

_NOBODY = "personne@cabinet.sim.mssante.fr"
_ENGLISH = re.compile(r"\b(the|is|of|that|there|not|you|may|with|has|was|it|and|mailbox|message is)\b", re.IGNORECASE)
_FRENCH = re.compile(r"\b(le|la|les|est|une|des|vous|pas|boite|boîte|aux)\b", re.IGNORECASE)
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module", autouse=True)
def arriving() -> Iterator[None]:
    """What is looked at has arrived."""
    with pytest.MonkeyPatch.context() as changed:
        wait_for_arrivals(changed)
        yield


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=list(Language))
async def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Simulator]:
    """A world that speaks one language, to whoever it is."""
    language: Language = request.param
    settings: dict[str, Any] = {"traps_open": True}
    async with starter(tmp_path_factory.mktemp(language) / "data")(language=language, **settings) as simulator:
        yield simulator


def spoken(world: Simulator, text: str, *, english: str, french: str) -> None:
    """The text holds what it should in the language of the world, and no word of the other language."""
    speaks_french = world.settings.language is Language.FR
    assert (french if speaks_french else english) in text
    assert (_ENGLISH if speaks_french else _FRENCH).findall(re.sub(r"\S+@\S+|<\S+>|\(\S+#\S+\)", "", text)) == []


def _submission(simulator: Simulator, *commands: str) -> bytes:
    """The reply to the last of some commands of the doctor, in its octets."""
    ready = simulator.ready()
    with smtplib.SMTP(ready["submission"]["host"], ready["submission"]["port"], timeout=20) as client:
        client.command_encoding = "utf-8"
        client.starttls(context=ssl.create_default_context(cafile=ready["ca_file"]))
        client.login("camille.martin", "cabinet-2026")
        for command in commands:
            code, said = client.docmd(command)
        return b"%d %b" % (code, said)


async def test_a_recipient_who_does_not_exist_over_smtp_in_ascii(world: Simulator) -> None:
    said = await asyncio.to_thread(_submission, world, f"MAIL FROM:<{DOCTOR}>", f"RCPT TO:<{_NOBODY}>")
    assert said.startswith(b"550 5.1.1 ")
    assert b"?" not in said
    text = said.decode("ascii")
    spoken(world, text, english=f"There is no mailbox {_NOBODY}; check", french=f"Il n'y a pas de boite aux lettres {_NOBODY} ; verifiez")


async def test_the_same_in_utf8_for_who_speaks_it(world: Simulator) -> None:
    said = await asyncio.to_thread(_submission, world, f"MAIL FROM:<{DOCTOR}> SMTPUTF8", f"RCPT TO:<{_NOBODY}>")
    spoken(
        world, said.decode(), english=f"There is no mailbox {_NOBODY};", french=f"Il n’y a pas de boîte aux lettres {_NOBODY} ; vérifiez"
    )


@pytest.mark.parametrize(
    ("commands", "english", "french"),
    [
        (["XYZZY"], "Command not recognised; HELP lists", "Commande inconnue ; HELP donne la liste"),
        (["RCPT TO:<a@b.fr>"], "Say MAIL FROM first", "Dites d'abord MAIL FROM"),
        (["MAIL FROM:<a b>"], "Syntax: MAIL FROM:", "Syntaxe : MAIL FROM:"),
        ([f"MAIL FROM:<{DOCTOR}> X=1"], "Parameter X not recognised", "Parametre X inconnu"),
        ([f"MAIL FROM:<{DOCTOR}>", "RCPT TO:<a..b@c.fr>"], "Bad address: the part of", "Adresse fautive : la partie de"),
        ([f"MAIL FROM:<{HOSPITAL}>"], "You may not send from", "Vous ne pouvez pas envoyer depuis"),
    ],
)
async def test_what_smtp_refuses(world: Simulator, commands: list[str], english: str, french: str) -> None:
    said = (await asyncio.to_thread(_submission, world, *commands)).decode("ascii")
    spoken(world, said, english=english, french=french)


@pytest.mark.parametrize(
    ("command", "english", "french"),
    [
        ("SELECT Ailleurs", "There is no folder Ailleurs", "Il n'y a pas de dossier Ailleurs"),
        ('SELECT "Other Users/x@y.fr/INBOX"', "There is no mailbox x@y.fr", "Il n'y a pas de boite aux lettres x@y.fr"),
        ("FETCH 1 (UID)", "no folder is open: SELECT one first", "aucun dossier n'est ouvert : faites d'abord SELECT"),
        ("SELECT", "a space is expected at the end", "attendu a la fin : une espace"),
        ("STATUS INBOX (X)", "unsupported STATUS item X", "element X de STATUS inconnu"),
        ("CREATE INBOX", "There is already a folder INBOX", "Il y a deja un dossier INBOX"),
        ("SEARCH CHARSET X ALL", "no folder is open", "aucun dossier n'est ouvert"),
        ("XYZZY", "XYZZY is not offered: CAPABILITY lists what is", "XYZZY n'est pas offert : CAPABILITY donne la liste"),
    ],
)
async def test_what_imap_refuses(world: Simulator, command: str, english: str, french: str) -> None:
    client = await ImapClient.open(world, "camille.martin", "cabinet-2026")
    said = (await client.ask(command))[-1]
    assert said.isascii()
    spoken(world, said, english=english, french=french)


async def test_imap_keeps_its_accents_for_who_speaks_utf8(world: Simulator) -> None:
    client = await ImapClient.open(world, "camille.martin", "cabinet-2026")
    await client.ask("ENABLE UTF8=ACCEPT")
    said = (await client.ask("CREATE INBOX"))[-1]
    spoken(world, said, english="There is already a folder", french="Il y a déjà un dossier")
    said = (await client.ask("STATUS INBOX (X)"))[-1]
    spoken(world, said, english="unsupported STATUS item", french="élément X de STATUS inconnu")


async def test_a_problem_over_rest_and_the_recipients_in_it(world: Simulator) -> None:
    doctor = Person(world, "doctor")
    answer = await doctor.send(DOCTOR, to=[_NOBODY])
    body = answer.json()
    assert (answer.status_code, body["code"]) == (422, "unknown-mailbox")
    spoken(world, body["title"], english="A recipient does not exist", french="Un destinataire n’existe pas")
    spoken(world, body["detail"], english="Nothing was sent: refused for", french="Rien n’a été envoyé : refus pour")
    spoken(world, body["recipients"][0]["detail"], english="There is no mailbox", french="Il n’y a pas de boîte aux lettres")


@pytest.mark.parametrize(
    ("body", "english", "french"),
    [
        ({}, "Field required", "ce champ manque"),
        ({"disposition": "burnt"}, "Input should be 'displayed'", "une de ces valeurs est attendue : 'displayed'"),
        ({"confirm": "yes", "disposition": "displayed"}, "Input should be a valid boolean", "un booléen est attendu"),
        ({"colour": 1, "disposition": "displayed"}, "Extra inputs are not permitted", "ce champ n’est pas connu ici"),
        ([], "Input should be", "un objet est attendu"),
    ],
)
async def test_a_body_that_is_wrong(world: Simulator, body: Any, english: str, french: str) -> None:
    path = "/control/identities" if body == {} else "/api/v1/mailboxes/x@y.fr/messages/0000000000000/receipt"
    account = Person(world, "doctor").account
    auth = (account["login"], account["password"])
    async with httpx.AsyncClient(base_url=world.ready()["http"], auth=auth, timeout=20) as client:
        answer = await client.post(path, json=body)
    found = answer.json()
    spoken(world, found["detail"], english="Correct the request: ", french="Corrigez la requête : ")
    spoken(world, found["errors"][0]["what"], english=english, french=french)


async def test_what_is_not_there_and_a_method_that_is_not_for_it(world: Simulator) -> None:
    nowhere = (await control(world, "GET", "/nowhere")).json()
    spoken(world, nowhere["title"], english="Not Found", french="Introuvable")
    spoken(world, nowhere["detail"], english="There is nothing at /control/nowhere", french="Il n’y a rien à /control/nowhere")
    method = (await control(world, "PATCH", "/seed")).json()
    spoken(world, method["detail"], english="PATCH is not for /control/seed", french="PATCH ne vaut pas pour /control/seed")


async def test_the_control_plane(world: Simulator) -> None:
    refused = (await control(world, "GET", "/identities/899700429999")).json()
    spoken(world, refused["detail"], english="There is no identity 899700429999.", french="Il n’y a pas d’identité 899700429999.")
    wrong = {"address": f"x@{PRACTICE.partition('@')[2]}", "kind": "ORG", "owner_idnat": "899700420013"}
    owner = (await control(world, "POST", "/mailboxes", wrong)).json()
    english = "A mailbox of kind ORG is owned by organisation, not by professional."
    spoken(world, owner["detail"], english=english, french="a pour titulaire une organisation, et non un professionnel.")


async def test_a_number_that_is_odd(world: Simulator) -> None:
    new = {"idnat": "899700420999", "kind": "professional", "family_name": "Odd"}
    made = (await control(world, "POST", "/identities", new)).json()
    spoken(world, made["warnings"][0], english="A professional's idNat is 8 and", french="L’idNat d’un professionnel est 8 suivi")


async def test_pro_sante_connect_in_ascii_for_clients_and_in_french_on_pages(world: Simulator) -> None:
    async with RelyingParty.of(world) as party:
        refused = (await party.exchange("unknown")).json()["error_description"]
        assert refused.isascii()
        spoken(world, refused, english="The code is not known here", french="Le code n'est pas connu ici")
        back = told(await party.authorize(prompt="none"))["error_description"]
        spoken(world, back, english="Nobody is logged in", french="Personne n'est connecte")
        page = (await party.authorize(client_id="nobody")).text
        assert "Aucun client n’a ce client_id" in page
        assert "No client has" not in page


async def test_a_notification_its_timeline_and_its_diagnostic(world: Simulator) -> None:
    hospital = Person(world, "hospital")
    await control(world, "PATCH", f"/mailboxes/{DOCTOR2}", {"state": "closed"})
    assert (await hospital.smtp(HOSPITAL, DOCTOR2, letter(HOSPITAL, DOCTOR2, "Fermée"))).code == 250
    newest = (await hospital.inbox(HOSPITAL))[0]
    raw = (await hospital.rest("GET", f"/mailboxes/{HOSPITAL}/messages/{newest['id']}/raw")).content
    report = message_from_bytes(raw, policy=default)
    text, machine, _ = report.iter_parts()
    spoken(world, str(report["Subject"]), english="Undelivered message", french="Message non distribué")
    assert text["Content-Language"] == world.settings.language
    said = {"english": f"The mailbox {DOCTOR2} is closed;", "french": f"La boite aux lettres {DOCTOR2} est fermee ;"}
    spoken(world, text.get_content(), **said)  # as the other operator's server replied, in ASCII
    french = "Votre message n’a pas pu être remis aux destinataires suivants :"
    spoken(world, text.get_content(), english="Your message could not be delivered to the following recipients:", french=french)
    (status,) = (part for part in machine.iter_parts() if "Action" in part)
    assert (status["Action"], status["Status"], status["Diagnostic-Code"].isascii()) == ("failed", "5.2.1", True)
    sent = (await hospital.get(f"/mailboxes/{HOSPITAL}/sent"))["items"][0]
    (event,) = (one for one in sent["recipients"][0]["events"] if one["kind"] == "failed")
    spoken(world, event["detail"], **said)


async def test_a_read_receipt(world: Simulator) -> None:
    hospital, doctor = Person(world, "hospital"), Person(world, "doctor")
    asking = letter(HOSPITAL, DOCTOR, "À lire", Disposition_Notification_To=HOSPITAL)
    await hospital.smtp(HOSPITAL, DOCTOR, asking)
    got = next(one for one in await doctor.inbox(DOCTOR) if one["subject"] == "À lire")
    sent = await doctor.rest("POST", f"/mailboxes/{DOCTOR}/messages/{got['id']}/receipt", {"disposition": "displayed"})
    assert sent.status_code == 201, sent.text
    newest = (await hospital.inbox(HOSPITAL))[0]
    spoken(world, newest["subject"].replace("À lire", ""), english="Read: ", french="Lu : ")
    text = (await hospital.open(HOSPITAL, newest["id"]))["text"]
    spoken(world, text, english="was displayed. That does not tell", french="a été affiché. Cela ne dit pas")


async def test_a_line_of_the_journal(world: Simulator) -> None:
    doctor = Person(world, "doctor")
    assert (await doctor.send(DOCTOR, to=["ailleurs@example.org"])).status_code == 422
    lines = (await doctor.get(f"/mailboxes/{DOCTOR}/journal"))["items"]
    (line,) = (one for one in lines if one["act"] == "message.refused" and one["detail"]["rule"] == "domain-outside-trust-space")
    spoken(world, line["detail"]["detail"], english="Nothing was sent: refused for", french="Rien n’a été envoyé : refus pour")


async def test_the_verdict_about_a_visit_to_a_trap(world: Simulator) -> None:
    found = (await control(world, "GET", "/traps/report")).json()
    spoken(world, found[0]["why"], english="nobody came", french="personne n’est venu")


async def test_a_peer_whose_domain_is_on_no_list(world: Simulator) -> None:
    reply = await Peer(world).send("x@example.org", [DOCTOR], letter("x@example.org", DOCTOR))
    assert reply.code == 550
    spoken(world, reply.text, english="is not on the white list", french="n'est pas sur la liste blanche")
