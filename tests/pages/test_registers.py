"""People, mailboxes and operators on pages of whoever drives the simulator: found, shown with all that is theirs, made, changed, ended."""

from urllib.parse import quote

import httpx
import pytest
from playwright.async_api import Page, expect

from mss_sim.app.simulator import Simulator
from mss_sim.core.world.white_list import Variant
from mss_sim.web import mailboxes, operators, people
from tests.clients import DOCTOR, PATIENT, PRACTICE, WARD, Person, control
from tests.pages.people import form_token

_SCRIPT = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
_POLICIES = {"seen_policy": "shared", "sent_policy": "owner", "state": "active"}


async def test_somebody_is_found_without_accents_and_shown_with_mailboxes_and_grants(page: Page, simulator: Simulator) -> None:
    await page.goto("/ui/people")
    await page.get_by_label("Rechercher").fill("editeur")
    await page.get_by_role("button", name="Rechercher").click()
    await expect(page.get_by_role("row")).to_have_count(2)
    await expect(page.get_by_role("link", name="Test ÉDITEUR")).to_be_visible()
    await page.get_by_role("link", name="Tout montrer").click()
    await page.get_by_role("search").get_by_label("Type").select_option("un salarié")
    await page.get_by_role("button", name="Rechercher").click()
    await page.get_by_role("link", name="Sophie PETIT").click()
    grants = page.get_by_role("region", name="Délégations reçues")
    await expect(grants.get_by_role("listitem").filter(has_text=PRACTICE)).to_contain_text("en vigueur")
    await grants.get_by_role("link", name=PRACTICE).click()
    given = page.get_by_role("region", name="Délégations en vigueur")
    await given.get_by_role("button", name="Reprendre Sophie PETIT").click()
    await expect(given.get_by_text("Sophie PETIT")).to_have_count(0)
    await expect(given.get_by_role("link", name="Nadia LEROY")).to_be_visible()
    await page.get_by_role("link", name="Dr Camille MARTIN").click()
    await expect(page.get_by_role("region", name="Boîtes détenues")).to_contain_text(DOCTOR)
    await page.get_by_role("button", name="Devenir Dr Camille MARTIN").click()
    await page.wait_for_url("**/ui/as/doctor/**")


async def test_people_like_one_of_the_seed_are_made_with_their_logins_and_one_is_taken_on(page: Page, simulator: Simulator) -> None:
    await page.goto("/ui/people")
    like = page.get_by_role("region", name="Créer des personnes semblables")
    await like.get_by_label("Comme").select_option("doctor")
    await like.get_by_label("Combien").fill("2")
    await like.get_by_role("button", name="Créer").click()
    await expect(page.get_by_role("heading", name="Nouvelles personnes")).to_be_visible()
    cards = page.locator(".cards > li")
    await expect(cards).to_have_count(2)
    login, password = await cards.first.locator("dd code").all_inner_texts(), "cabinet-2026"
    assert login[1] == password
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], auth=(login[0], password)) as client:
        assert (await client.get("/api/v1/me")).status_code == 200
    await cards.first.get_by_role("button", name="Devenir").click()
    await page.wait_for_url("**/ui/as/**/mailboxes/**")


async def test_somebody_is_made_by_hand_shut_out_let_in_and_deleted(page: Page, simulator: Simulator) -> None:
    await page.goto("/ui/people")
    await page.get_by_text("Créer une personne à la main").click()
    await page.get_by_label("idNat").fill("899700421011")
    await page.get_by_label("Prénom").fill("Élise")
    await page.get_by_label("Nom", exact=True).fill("LEGRAND")
    await page.get_by_label("Identifiant").fill("elise.legrand")
    await page.get_by_label("Mot de passe").fill("cabinet-2026")
    await page.locator("details").get_by_role("button", name="Créer").click()
    await expect(page.get_by_role("heading", name="Élise LEGRAND")).to_be_visible()
    await page.get_by_label("Profession").fill("Sage-femme")
    await page.get_by_role("button", name="Enregistrer").click()
    await expect(page.get_by_label("Profession")).to_have_value("Sage-femme")
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], auth=("elise.legrand", "cabinet-2026")) as client:
        assert (await client.get("/api/v1/me")).json()["profession"] == "Sage-femme"
        await page.get_by_label("chacune de ses sessions").check()
        await page.get_by_role("button", name="Désactiver").click()
        await expect(page.get_by_text("désactivée")).to_be_visible()
        assert (await client.get("/api/v1/me")).status_code == 401
        await page.get_by_role("button", name="Rétablir").click()
        await expect(page.get_by_text("désactivée")).to_have_count(0)
        assert (await client.get("/api/v1/me")).status_code == 200
    await page.get_by_label("avec compte et délégations").check()
    await page.get_by_role("button", name="Supprimer").click()
    await page.wait_for_url("**/ui/people")
    assert (await control(simulator, "GET", "/people/899700421011")).status_code == 404


async def test_a_mailbox_is_found_changed_kept_closed_and_deleted(page: Page, simulator: Simulator) -> None:
    await page.goto("/ui/people")
    await page.get_by_role("main").get_by_role("link", name="Boîtes aux lettres").click()
    await page.get_by_label("Rechercher").fill("cardiologie")
    await page.get_by_role("button", name="Rechercher").click()
    await page.get_by_role("link", name=WARD).click()
    await page.get_by_role("combobox", name="État").select_option("suspendue")
    await page.get_by_label("Quota").fill("5 000 000")
    await page.get_by_label("Plus gros message").fill("2000000")
    await page.get_by_role("button", name="Enregistrer").click()
    box = (await control(simulator, "GET", f"/mailboxes/{WARD}")).json()
    assert (box["state"], box["quota_bytes"], box["message_size_bytes_max"]) == ("suspended", 5_000_000, 2_000_000)
    retention = page.get_by_role("region", name="Durée de conservation")
    await retention.get_by_label("Jours").fill("90")
    await retention.get_by_role("button", name="Conserver cette durée").click()
    await expect(retention.get_by_text("Pendant 90 jours. Cela a été fixé pour cette boîte.")).to_be_visible()
    await retention.get_by_role("button", name="Comme toutes les autres").click()
    await expect(retention.get_by_text("Sans limite. Comme toutes les autres.")).to_be_visible()
    closing = page.get_by_role("region", name="Fermeture et suppression")
    await closing.get_by_label("elle ferme dans 30 jours").check()
    await closing.get_by_role("button", name="Demander la fermeture").click()
    await closing.get_by_role("button", name="Annuler la fermeture").click()
    await closing.get_by_label("la boîte et tout ce qu’elle contient").check()
    await closing.get_by_role("button", name="Supprimer la boîte").click()
    await page.wait_for_url("**/ui/mailboxes")
    assert (await control(simulator, "GET", f"/mailboxes/{WARD}")).status_code == 404


async def test_a_mailbox_is_made_and_handed_over(page: Page, simulator: Simulator) -> None:
    await page.goto("/ui/mailboxes")
    await page.get_by_text("Créer une boîte").click()
    form = page.locator("details").filter(has_text="Créer une boîte")
    await form.get_by_label("Adresse").fill("accueil@cabinet.sim.mssante.fr")
    await form.get_by_label("Type").select_option("CAB")
    await form.get_by_label("idNat du titulaire").fill(Person(simulator, "doctor").idnat)
    await form.get_by_role("button", name="Créer").click()
    holders = page.get_by_role("region", name="Titulaires")
    await expect(holders.get_by_text("Dr Camille MARTIN")).to_be_visible()
    await holders.get_by_label("À qui la transmettre").fill("yann.legall")
    await holders.get_by_role("button", name="Transmettre").click()
    await expect(holders.get_by_text("Yann LE GALL")).to_be_visible()
    assert (await control(simulator, "GET", "/mailboxes/accueil@cabinet.sim.mssante.fr")).json()["owner"]["name"].endswith("Yann LE GALL")


async def test_an_operator_is_made_limited_and_taken_off_the_white_list(page: Page, simulator: Simulator) -> None:
    await page.goto("/ui/operators")
    await page.get_by_text("Créer un opérateur").click()
    form = page.locator("details").filter(has_text="Créer un opérateur")
    await form.get_by_label("Nom").fill("Clinique du Lac")
    await form.get_by_label("Domaines").fill("clinique-lac.sim.mssante.fr")
    await form.get_by_label("identifiant et mot de passe").uncheck()
    await form.get_by_role("button", name="Créer").click()
    card = page.locator("section").filter(has=page.get_by_role("heading", name="Clinique du Lac"))
    await expect(card.get_by_text("sur la liste blanche")).to_be_visible()
    await card.get_by_text("Modifier").click()
    await card.get_by_label("Plus gros message").fill("1000000")
    await card.get_by_role("button", name="Enregistrer").click()
    found = next(one for one in (await control(simulator, "GET", "/operators")).json() if one["name"] == "Clinique du Lac")
    assert (found["message_size_bytes_max"], found["authentication"], found["mx"]) == (1_000_000, ["certificate", "psc"], None)
    row = page.get_by_role("row").filter(has_text="clinique-lac")
    await row.get_by_label("son courrier sera refusé").check()
    await row.get_by_role("button", name="Retirer clinique-lac.sim.mssante.fr de la liste blanche").click()
    await expect(card.get_by_text("hors liste blanche")).to_be_visible()
    white = page.get_by_role("region", name="Liste blanche")
    await white.get_by_role("textbox", name="Domaine").fill("clinique-lac.sim.mssante.fr")
    await white.get_by_label("Sujet complet du certificat").fill("CN=smtp.clinique-lac.sim.mssante.fr,O=Clinique du Lac,C=FR")
    await white.get_by_role("button", name="Associer").click()
    await expect(card.get_by_text("sur la liste blanche")).to_be_visible()
    await white.get_by_label("Forme publiée").select_option("vide")
    await white.get_by_role("button", name="Publier ainsi").click()
    await expect(white.get_by_role("heading")).to_contain_text("vide")
    assert (await control(simulator, "GET", "/white-list")).json()["variant"] == "empty"


async def test_each_form_of_the_white_list_is_chosen_and_told_whoever_chose_it(simulator: Simulator) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        for variant in Variant:
            assert (await control(simulator, "PUT", "/white-list/variant", {"variant": variant})).status_code == 200
            page = await client.get("/ui/operators")
            assert (page.status_code, f'<option value="{variant}" selected>' in page.text) == (200, True), variant
            data = {"token": form_token(page.text), "variant": variant}
            assert (await client.post("/ui/operators/white-list/variant", data=data)).status_code == 303
    assert operators.VARIANTS.keys() == set(Variant)


async def test_what_is_outside_keeps_the_authority_that_is_known(simulator: Simulator) -> None:
    pem = (await control(simulator, "GET", "/ca.pem")).text
    new = {"name": "Clinique 1/2 <b>", "domains": ["clinique-lac.sim.mssante.fr"], "mx": "127.0.0.1:2025", "mx_ca": pem}
    assert (await control(simulator, "POST", "/operators", new)).status_code == 201
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        page = (await client.get("/ui/operators")).text
        assert ("Clinique 1/2 &lt;b&gt;" in page, "<b>" in page) == (True, False)
        data = {"token": form_token(page), "place": "outside", "mx": "127.0.0.1:2026", "psc": "yes"}
        path = f"/ui/operators/named/{quote('Clinique 1/2 <b>', safe='')}"
        assert (await client.post(path, data=data)).status_code == 303
        assert (await client.post(path, data={**data, "mx_ca": "no certificate"})).status_code == 422
        assert (await client.post(path, data={**data, "mx": "somewhere"})).status_code == 422
        assert "une autorité est connue" in (await client.get("/ui/operators")).text
    found = next(one for one in (await control(simulator, "GET", "/operators")).json() if one["name"] == new["name"])
    assert found["mx"] == "127.0.0.1:2026"


@pytest.mark.parametrize(
    ("path", "data", "status"),
    [
        ("/ui/people?kind=robot", None, 422),
        (f"/ui/people?text={'x' * 2_000}", None, 422),
        ("/ui/people?cursor=m0am6c38w5xc01", None, 422),
        ("/ui/people/nobody", None, 404),
        ("/ui/mailboxes?state=lost", None, 422),
        ("/ui/mailboxes/nobody@cabinet.sim.mssante.fr", None, 404),
        ("/ui/mailboxes/nowhere", None, 404),
        ("/ui/people", {"kind": "professional", "family_name": "X"}, 422),
        ("/ui/people", {"kind": "robot", "family_name": "X", "idnat": "8"}, 422),
        ("/ui/people", {"kind": "professional", "family_name": "X", "idnat": "{doctor}"}, 409),
        ("/ui/people", {"kind": "professional", "family_name": "X", "idnat": "8", "login": "x"}, 422),
        ("/ui/people", {"kind": "professional", "family_name": "a\nb", "idnat": "8"}, 422),
        ("/ui/people-like", {"role": "nobody"}, 404),
        ("/ui/people-like", {"role": "doctor", "count": "51"}, 422),
        ("/ui/people-like", {"role": "doctor", "count": "many"}, 422),
        ("/ui/people/{doctor}", {"family_name": ""}, 422),
        ("/ui/people/{doctor}", {"family_name": "X", "login": "sophie.petit", "password": "x"}, 409),
        ("/ui/people/{doctor}/enabled", {"do": "disable"}, 422),
        ("/ui/people/{doctor}/delete", {}, 422),
        ("/ui/people/{doctor}/delete", {"meant": "yes"}, 409),
        ("/ui/mailboxes", {"address": "nowhere", "kind": "PER", "owner": "{doctor}"}, 422),
        ("/ui/mailboxes", {"address": PRACTICE, "kind": "CAB", "owner": "{doctor}"}, 409),
        ("/ui/mailboxes", {"address": "a@b.example", "kind": "CAB", "owner": "{doctor}"}, 422),
        (f"/ui/mailboxes/{PRACTICE}", {**_POLICIES, "state": "lost"}, 422),
        (f"/ui/mailboxes/{PRACTICE}", {**_POLICIES, "quota_bytes": "-1"}, 422),
        (f"/ui/mailboxes/{PRACTICE}", {**_POLICIES, "message_size_bytes_max": "999"}, 422),
        (f"/ui/mailboxes/{PRACTICE}/retention", {"do": "days"}, 422),
        (f"/ui/mailboxes/{PRACTICE}/retention", {"do": "days", "days": "0"}, 422),
        (f"/ui/mailboxes/{PRACTICE}/closing", {"do": "ask"}, 422),
        (f"/ui/mailboxes/{PRACTICE}/closing", {"do": "cancel"}, 409),
        (f"/ui/mailboxes/{PRACTICE}/owner", {"heir": "nobody"}, 404),
        (f"/ui/mailboxes/{PATIENT}/owner", {"heir": "yann.legall"}, 422),
        (f"/ui/mailboxes/{PRACTICE}/revoke", {"grant": "nothing"}, 404),
        (f"/ui/mailboxes/{PRACTICE}/delete", {}, 422),
        ("/ui/operators", {"name": "X", "domains": "", "place": "here", "psc": "yes"}, 422),
        ("/ui/operators", {"name": "X", "domains": "a_b", "place": "here", "psc": "yes"}, 422),
        ("/ui/operators", {"name": "X", "domains": "cabinet.sim.mssante.fr", "place": "here", "psc": "yes"}, 409),
        ("/ui/operators", {"name": "X", "domains": "x.sim.mssante.fr", "place": "here"}, 422),
        ("/ui/operators", {"name": "X", "domains": "x.sim.mssante.fr", "place": "moon", "psc": "yes"}, 422),
        ("/ui/operators/named/nobody", {"place": "here", "psc": "yes"}, 404),
        ("/ui/operators/white-list/add", {"domain": "nowhere.example", "certificate_dn": "CN=x"}, 404),
        ("/ui/operators/white-list/remove", {"domain": "cabinet.sim.mssante.fr", "certificate_dn": "CN=x"}, 422),
        ("/ui/operators/white-list/remove", {"domain": "cabinet.sim.mssante.fr", "certificate_dn": "CN=x", "meant": "yes"}, 404),
        ("/ui/operators/white-list/variant", {"variant": "lost"}, 422),
    ],
)
async def test_bad_input_is_refused_clearly(simulator: Simulator, path: str, data: dict[str, str] | None, status: int) -> None:
    doctor = Person(simulator, "doctor").idnat
    path = path.replace("{doctor}", doctor)
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        token = form_token((await client.get("/ui/people")).text)
        if data is None:
            answer = await client.get(path)
        else:
            given = {name: value.replace("{doctor}", doctor) for name, value in data.items()}
            answer = await client.post(path, data={"token": token, **given})
        assert answer.status_code == status, answer.text


@pytest.mark.parametrize(("quota", "page", "rest"), [(2**62, 303, 200), (2**62 + 1, 422, 422), (10**20, 422, 422)])
async def test_a_mailbox_has_as_much_room_as_over_rest_and_no_more(simulator: Simulator, quota: int, page: int, rest: int) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        data = {"token": form_token((await client.get("/ui/people")).text), **_POLICIES, "quota_bytes": str(quota)}
        assert (await client.post(f"/ui/mailboxes/{PRACTICE}", data=data)).status_code == page
    assert (await control(simulator, "PATCH", f"/mailboxes/{PRACTICE}", {"quota_bytes": quota})).status_code == rest


async def test_a_post_that_no_page_made_does_nothing(simulator: Simulator) -> None:
    paths = [path for routes in (people.ROUTES, mailboxes.ROUTES, operators.ROUTES) for method, path, _ in routes if method == "POST"]
    assert len(paths) == 17
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        await client.get("/ui/people")
        for path in paths:
            filled = path.replace("{address}", PRACTICE).replace("{idnat:path}", "8").replace("{operator:path}", "X")
            assert (await client.post(filled, data={"meant": "yes", "do": "ask"})).status_code == 403


async def test_hostile_names_do_nothing(page: Page, simulator: Simulator) -> None:
    hostile = {"idnat": f"8{_SCRIPT}", "kind": "professional", "family_name": _SCRIPT, "profession": _SCRIPT, "title": _SCRIPT}
    made = await control(simulator, "POST", "/identities", {**hostile, "login": f"../{_SCRIPT};x=y", "password": "cabinet-2026"})
    assert made.status_code == 201, made.text
    box = {
        "address": "accueil@cabinet.sim.mssante.fr",
        "kind": "CAB",
        "owner_idnat": hostile["idnat"],
        "label": _SCRIPT,
        "description": _SCRIPT,
    }
    assert (await control(simulator, "POST", "/mailboxes", box)).status_code == 201
    for path in ("/ui/people", "/ui/mailboxes"):
        await page.goto(path)
        await expect(page.get_by_text(_SCRIPT).first).to_be_visible()
        assert await page.title() != "owned"
    await page.get_by_role("link", name=box["address"]).click()
    await expect(page.get_by_label("Description")).to_have_value(_SCRIPT)
    await page.get_by_role("region", name="Titulaires").get_by_role("link").first.click()
    await expect(page.get_by_label("Profession")).to_have_value(_SCRIPT)
    await page.get_by_role("button", name="Devenir").click()
    await page.wait_for_url("**/ui/as/**")
    assert await page.title() != "owned"
