"""A morning of the cabinet: letters, answers, a refusal, a fault, a delegation with an end. What pages show to a room is never empty."""

from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import timedelta

from mss_sim.app.simulator import Simulator
from mss_sim.clock import to_datetime
from mss_sim.documents.making.pdf_writing import write_pdf
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, PATIENT, PATIENT2, PRACTICE, WARD, ImapClient, Person, control, letter
from tests.pages.people import settled
from tests.parcels import paper

_PDF = write_pdf(
    replace(
        paper(type_="11490-0"),
        text=(
            "Mme FONTAINE a été hospitalisée du 12 au 16 janvier pour une décompensation cardiaque.",
            "Suites simples. Sortie à domicile avec un traitement inchangé.",
            "Contrôle de la fonction rénale dans quinze jours.",
        ),
    )
)
_PICTURE = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==")
_REPORT = """Cher confrère,

Je vous adresse le compte rendu de l'hospitalisation de Mme FONTAINE, du 12 au 16 janvier.
Suites simples. Un contrôle de la fonction rénale est souhaitable dans quinze jours.

Bien confraternellement,
Dr Paul DURAND
"""
_RESULTS = """<h2>Biochimie</h2><table border="1" cellpadding="6"><tr><th>Examen</th><th>Résultat</th><th>Valeurs usuelles</th></tr>
<tr><td>Créatinine</td><td><b>104 µmol/l</b></td><td>45 à 84</td></tr>
<tr><td>Potassium</td><td>4,2 mmol/l</td><td>3,5 à 5,1</td></tr></table>
<p>Prélèvement du matin, à jeun.</p>"""


async def live(simulator: Simulator) -> None:
    """Let the people of the cabinet work for a morning, each by the door that is theirs; what is sent comes before the next is."""
    await _letters_come(simulator)
    await _patients_ask(simulator)
    await _the_secretary_answers(simulator)
    await _the_doctor_delegates(simulator)
    await _something_fails(simulator)


async def _letters_come(simulator: Simulator) -> None:
    hospital, ward = Person(simulator, "hospital"), Person(simulator, "hospital_ward")
    durand, asked = f"Dr Paul DURAND <{HOSPITAL}>", {"Disposition_Notification_To": HOSPITAL}
    report = letter(durand, DOCTOR, "Compte rendu d'hospitalisation de Mme FONTAINE", _REPORT, **asked)
    report.add_attachment(_PDF, maintype="application", subtype="pdf", filename="Compte rendu FONTAINE.pdf")
    report.add_attachment(_PICTURE, maintype="image", subtype="png", filename="Radiographie.png")
    report.add_attachment("Kardégic 75 mg\nBisoprolol 2,5 mg\n", filename="Ordonnance de sortie.txt")
    results = letter(durand, DOCTOR, "Résultats de biologie de Mme FONTAINE", "Créatinine : 104 µmol/l")
    results.add_alternative(_RESULTS, subtype="html")
    for to, sent in (
        (DOCTOR, report),
        (DOCTOR, results),
        (DOCTOR2, letter(durand, DOCTOR2, "Avis sur un électrocardiogramme", "Qu'en pensez-vous ?")),
        (PRACTICE, letter(durand, PRACTICE, "Sortie de M. POLI", "M. POLI sort demain matin.", **asked)),
    ):
        assert (await hospital.smtp(HOSPITAL, to, sent)).code == 250
        await settled(simulator)
    for subject, text in (
        ("Rendez-vous de M. BONNET", "Pouvez-vous le recevoir jeudi avant 11 h ?"),
        ("Demande de copie d'un dossier", "Le service souhaite la dernière lettre de consultation de Mme FONTAINE."),
        (
            "Modification des horaires de la consultation d'anticoagulants à partir du premier février",
            "Le mardi et le jeudi, de 9 h à 12 h.",
        ),
    ):
        assert (await ward.send(WARD, to=[PRACTICE, DOCTOR], subject=subject, text=text)).status_code == 201
        await settled(simulator)


async def _patients_ask(simulator: Simulator) -> None:
    doctor = Person(simulator, "doctor")
    for role, to, subject, closes in (
        ("patient", PATIENT, "Vos résultats", False),
        ("patient2", PATIENT2, "Votre dossier est complet", True),
    ):
        text = "Bonjour, vos résultats sont rassurants. Prenez rendez-vous dans trois mois."
        files = [{"filename": "Résultats.pdf", "content_type": "application/pdf", "content_base64": b64encode(_PDF).decode()}]
        wishes = {"request_read_receipt": True, "close_conversation": closes, "attachments": files}
        assert (await doctor.send(DOCTOR, to=[to], subject=subject, text=text, **wishes)).status_code == 201
        patient = Person(simulator, role)
        (came,) = await patient.inbox(to, wait=20)
        await patient.open(to, came["id"])
        await settled(simulator)
        answer = {"to": [DOCTOR], "subject": f"Re: {subject}", "text": "Merci docteur. Dois-je poursuivre le traitement ?"}
        sent = await patient.send(to, in_reply_to=came["id"], **answer)
        assert sent.status_code == (403 if closes else 201)
        await settled(simulator)


async def _the_secretary_answers(simulator: Simulator) -> None:
    secretary = Person(simulator, "secretary")
    asked = next(one for one in await secretary.inbox(PRACTICE) if one["subject"].startswith("Rendez-vous"))
    await secretary.open(PRACTICE, asked["id"])
    answer = {
        "to": [WARD, HOSPITAL],
        "subject": "Re: Rendez-vous de M. BONNET",
        "text": "Jeudi à 9 h 30 convient.",
        "in_reply_to": asked["id"],
    }
    assert (await secretary.send(PRACTICE, request_read_receipt=True, **answer)).status_code == 201
    hospital = Person(simulator, "hospital")
    (came,) = [one for one in await hospital.inbox(HOSPITAL, wait=20) if one["subject"].startswith("Re:")]
    await hospital.open(HOSPITAL, came["id"])
    await settled(simulator)
    program = await ImapClient.open(simulator, f"{PRACTICE}*sophie.petit", secretary.account["password"])
    for command in ("SELECT INBOX", "FETCH 1:* (FLAGS ENVELOPE)", "STORE 1 +FLAGS (\\Flagged)", "SELECT Nulle-part", "LOGOUT"):
        await program.ask(command)
    draft = letter(DOCTOR, HOSPITAL, "Avis sur le traitement", "Cher confrère, que pensez-vous de…")
    mail = await ImapClient.open(simulator, "camille.martin", Person(simulator, "doctor").account["password"])
    await mail.append("Drafts", draft.as_bytes(), "\\Draft")
    await mail.ask("LOGOUT")


async def _the_doctor_delegates(simulator: Simulator) -> None:
    doctor, newcomer, second = (Person(simulator, role) for role in ("doctor", "newcomer", "doctor2"))
    now = to_datetime(simulator.world.clock.now())
    for person, days, rights, reason in (
        (newcomer, (0, 14), ["see", "read", "mark"], "Formation de la remplaçante du secrétariat"),
        (second, (7, 21), ["see", "read", "send_on_behalf", "close"], "Congés d'été"),
    ):
        first, last = ((now + timedelta(days=one)).isoformat() for one in days)
        begins = {"valid_from": first} if days[0] else {}
        given = {"grantee": person.idnat, "rights": rights, "reason": reason, "valid_until": last, **begins}
        made = await doctor.rest("POST", f"/mailboxes/{DOCTOR}/grants", json=given)
        assert made.status_code == 201, made.text


async def _something_fails(simulator: Simulator) -> None:
    doctor = Person(simulator, "doctor")
    unknown = "accueil@hopital-ormes.sim.mssante.fr"
    assert (await doctor.smtp(DOCTOR, unknown, letter(DOCTOR, unknown, "Demande de rendez-vous"))).code == 250, "a report comes back"
    await settled(simulator)
    assert (await doctor.smtp(HOSPITAL, DOCTOR2, letter(HOSPITAL, DOCTOR2, "De la part d'un autre"))).code >= 500
    await control(simulator, "POST", "/faults/presets/mes-down")
    assert (await doctor.smtp(DOCTOR, PATIENT, letter(DOCTOR, PATIENT, "Rappel de rendez-vous", "À lundi, 10 h."))).code == 250
    await control(simulator, "POST", "/faults/presets/psc-slow")
    await control(simulator, "POST", "/snapshots", {"name": "avant-la-lecon", "note": "Le cabinet, avant la première leçon"})
