"""Revocation lists over LDAP: where certificates say that they are, how they are fetched, how that fails, and what is remembered of it."""

import asyncio
import io
import smtplib
import ssl
import time
import zipfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from pydantic import ValidationError

from mss_sim.app.simulator import Simulator
from mss_sim.config.settings import Settings
from mss_sim.http.hosting import NewWorld
from mss_sim.pki import bundles
from mss_sim.worlds import Worlds
from tests import ldap_client as ldap
from tests.clients import DOCTOR, LABORATORY, WARD, control
from tests.conftest import StartSimulator
from tests.faulty import fail, fired, transcribed
from tests.ldap_client import LIST, ORGANISATIONS, ROOT, LdapClient, equal, like, present, search, told

ASK = search(1, ORGANISATIONS, equal("objectClass", "pkiCA"), LIST)
NOTICE = b"1.3.6.1.4.1.1466.20036"
_CERTIFICATE = x509.oid.ExtensionOID.CRL_DISTRIBUTION_POINTS


def points(simulator: Simulator) -> list[str]:
    """Where the certificate that the listeners present says that its list is."""
    file = Path(simulator.ready()["ca_file"]).with_name("server.pem")
    certificate = bundles.read_pem(file.read_text(encoding="ascii"))
    found = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    return [str(name.value) for point in found for name in point.full_name or ()]


async def crl(simulator: Simulator, base: str = ORGANISATIONS) -> x509.CertificateRevocationList:
    """The list that an entry has."""
    entry, result = await told(simulator, search(1, base, equal("objectClass", "pkiCA"), LIST))
    assert (result.code, entry.name, list(entry.values)) == (0, base, [LIST])
    return x509.load_der_x509_crl(entry.values[LIST][0])


async def switch(simulator: Simulator, **services: Any) -> None:
    """Have services behave as told; a word, or word and seconds."""
    wanted = {
        name: {"behaviour": one} if isinstance(one, str) else {"behaviour": one[0], "seconds": one[1]} for name, one in services.items()
    }
    answer = await control(simulator, "PATCH", "/certificates/behaviour", wanted)
    assert answer.status_code == 200, answer.text


async def sessions(simulator: Simulator) -> list[dict[str, Any]]:
    """The sessions at the LDAP port with their lines, the newest first."""
    rows = (await control(simulator, "GET", "/evidence?door=ldap")).json()["items"]
    return [(await control(simulator, "GET", f"/evidence/{row['id']}")).json() for row in rows]


async def lines(simulator: Simulator) -> list[str]:
    """What was said in the newest session, once it is over."""
    for _ in range(200):
        newest = (await sessions(simulator))[0]
        if newest["closed_at"]:
            return [f"{line['side']} {line['text']}" for line in newest["transcript"]]
        await asyncio.sleep(0.01)
    raise AssertionError("the session does not end")


# Where lists are


async def test_certificates_say_over_http_and_ldap_where_their_list_is(start: StartSimulator) -> None:
    async with start(ldap_port=0) as simulator:
        ready = simulator.ready()
        over_http, over_ldap = points(simulator)
        assert over_http == f"{ready['http']}/CRL/ACI-EL-ORG.crl"
        assert over_ldap.startswith(f"ldap://127.0.0.1:{ready['ldap']['port']}/cn=TEST%20AC%20IGC-SANTE%20ELEMENTAIRE%20ORGANISATIONS,")
        assert over_ldap.endswith(",o=ASIP-SANTE,c=FR?certificateRevocationList;binary?base?objectClass=pkiCA")


@pytest.mark.parametrize(
    ("settings", "schemes"),
    [
        ({}, ["http"]),
        ({"igc_crl_points": ["ldap", "http"]}, ["http"]),
        ({"ldap_port": 0, "igc_crl_points": ["http"]}, ["http"]),
        ({"ldap_port": 0, "igc_crl_points": ["ldap"]}, ["ldap"]),
        ({"ldap_port": 0, "igc_crl_points": ["ldap", "http"]}, ["ldap", "http"]),
        ({"igc_ldap_url": "ldap://annuaire-igc.example"}, ["http", "ldap"]),
    ],
)
async def test_a_setting_says_which_and_in_which_order(start: StartSimulator, settings: dict[str, Any], schemes: list[str]) -> None:
    async with start(**settings) as simulator:
        found = points(simulator)
        assert [url.partition(":")[0] for url in found] == schemes
        assert (simulator.ready()["ldap"] is not None) is ("ldap_port" in settings)
        if "igc_ldap_url" in settings:
            assert found[1].startswith("ldap://annuaire-igc.example/cn=")


@pytest.mark.parametrize("settings", [{"igc_crl_points": ["ldap"]}, {"igc_crl_points": []}, {"igc_crl_points": ["ldap", "ldap"]}])
def test_a_list_that_can_be_fetched_nowhere_or_twice_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Settings(**settings)


# What they hold


async def test_what_is_revoked_is_on_the_list_over_ldap_as_over_http(start: StartSimulator) -> None:
    async with start(ldap_port=0) as simulator:
        assert list(await crl(simulator)) == []
        row = (await control(simulator, "POST", "/certificates", {"mailbox": LABORATORY})).json()
        await control(simulator, "POST", f"/certificates/{row['serial']}/revoke", {"reason": "keyCompromise"})
        found = await crl(simulator)
        async with httpx.AsyncClient() as client:
            over_http = x509.load_der_x509_crl((await client.get(points(simulator)[0])).content)
        assert [one.serial_number for one in found] == [one.serial_number for one in over_http] == [int(row["serial"], 16)]
        assert found.issuer == over_http.issuer
        authority = simulator.world.igc.authority("ACI-EL-ORG").certificate
        assert found.is_signature_valid(authority.public_key())  # type: ignore[arg-type]  # an elliptic curve
        assert not found.is_signature_valid(simulator.world.igc.authority("ACR-EL").certificate.public_key())  # type: ignore[arg-type]


async def test_authorities_have_their_certificates_and_the_root_its_list_of_authorities(start: StartSimulator) -> None:
    async with start(ldap_port=0) as simulator:
        for base, label in ((ROOT, "ACR-EL"), (ORGANISATIONS, "ACI-EL-ORG")):
            entry, _ = await told(simulator, search(1, base, present("cACertificate")))
            assert entry.values["cACertificate;binary"] == [bundles.der(simulator.world.igc.authority(label).certificate)]
            assert entry.values["objectClass"] == [b"top", b"cRLDistributionPoint", b"pkiCA"]
            assert ("authorityRevocationList;binary" in entry.values) is (label == "ACR-EL")
        assert (await crl(simulator, ROOT)).issuer == simulator.world.igc.authority("ACR-EL").certificate.subject


async def test_ranges_that_traps_need_are_there_when_they_exist_and_public_authorities_never(start: StartSimulator) -> None:
    everything = search(1, "o=ASIP-SANTE,c=FR", present("cACertificate"), "cn", scope=ldap.SUB)
    async with start(ldap_port=0) as simulator:
        assert [one.name for one in (await told(simulator, everything))[:-1]] == [ROOT, ORGANISATIONS]
    async with start(ldap_port=0, traps_open=True) as simulator:
        found = [one.name for one in (await told(simulator, everything))[:-1]]
        assert found == [ROOT, ORGANISATIONS, ORGANISATIONS.replace("ORGANISATIONS", "PERSONNES")]


@pytest.mark.parametrize(
    ("wanted", "attributes", "shown"),
    [
        ([], {"objectClass", "cn", "cACertificate;binary", LIST}, {}),
        (["*"], {"objectClass", "cn", "cACertificate;binary", LIST}, {}),
        (["+"], {"subschemaSubentry"}, {}),
        (["CN", "nobody"], {"cn"}, {"cn": [b"TEST AC IGC-SANTE ELEMENTAIRE ORGANISATIONS"]}),
        (["certificateRevocationList"], {LIST}, {}),
        (["2.5.4.39"], {LIST}, {}),
        (["cn;binary", "1.1"], set(), {}),
    ],
)
async def test_attributes_are_shown_as_they_are_asked_for(
    start: StartSimulator, wanted: list[str], attributes: set[str], shown: dict[str, list[bytes]]
) -> None:
    async with start(ldap_port=0) as simulator:
        entry, _ = await told(simulator, search(1, ORGANISATIONS, present("cn"), *wanted))
        assert entry.values.keys() == attributes
        assert shown.items() <= entry.values.items()


async def test_the_server_says_what_it_is_and_what_it_knows(start: StartSimulator) -> None:
    async with start(ldap_port=0) as simulator:
        entry, _ = await told(simulator, search(1, "", present("objectClass"), "+"))
        assert entry.values["namingContexts"] == [b"o=ASIP-SANTE,c=FR"]
        assert (entry.values["supportedLDAPVersion"], entry.values["vendorName"]) == ([b"3"], [b"mss-sim"])
        entry, _ = await told(simulator, search(1, entry.values["subschemaSubentry"][0].decode(), equal("objectClass", "subschema"), "+"))
        assert any(b"'certificateRevocationList'" in one for one in entry.values["attributeTypes"])
        assert any(b"'pkiCA'" in one for one in entry.values["objectClasses"])


async def test_every_entry_has_what_the_list_of_entries_says(start: StartSimulator) -> None:
    said: list[str] = []
    async with start(ldap_port=0, ldap_mailboxes=True) as simulator:
        for base, scope in (("", ldap.BASE), ("cn=Subschema", ldap.BASE), ("", ldap.SUB)):
            for entry in (await told(simulator, search(1, base, present("objectClass"), "*", "+", scope=scope)))[:-1]:
                values = [(name, value) for name, each in entry.values.items() for value in each]
                shown = [f"{name}: {'…' if name.endswith(';binary') else value.decode()}" for name, value in values]
                said += [f"dn: {entry.name}".rstrip(), *shown, ""]
    known = (Path(__file__).with_name("ldap_entries.txt")).read_text("utf-8").replace("{version}", version("mss-sim"))
    assert said == known.splitlines()


# How they fail


@pytest.mark.parametrize("service", ["ldap", "crl"])
async def test_a_list_out_of_date_is_so_over_ldap_whichever_service_is_told(start: StartSimulator, service: str) -> None:
    async with start(ldap_port=0) as simulator:
        await switch(simulator, **{service: "expired"})
        found = (await crl(simulator)).next_update_utc
        assert found is not None
        assert found < datetime.now(UTC)


async def test_one_door_fails_and_the_other_does_not(start: StartSimulator) -> None:
    async with start(ldap_port=0) as simulator, httpx.AsyncClient() as client:
        url = points(simulator)[0]
        await switch(simulator, crl="forbidden")
        assert (await client.get(url)).status_code == 403
        assert list(await crl(simulator)) == []
        await switch(simulator, crl="normal", ldap="forbidden")
        assert (await client.get(url)).status_code == 200
        (refused,) = await told(simulator, ASK)
        assert (refused.code, refused.told) == (50, "The service was told to refuse.")
        assert (await told(simulator, search(1, ORGANISATIONS, present("cn"), "cn")))[-1].code == 0, "what is no list is told"


async def test_a_page_stands_where_a_list_is_expected(start: StartSimulator) -> None:
    async with start(ldap_port=0) as simulator:
        await switch(simulator, ldap="html")
        entry, result = await told(simulator, ASK)
        assert (result.code, entry.values[LIST][0][:15]) == (0, b"<!DOCTYPE html>")


async def test_the_connection_is_cut_without_an_answer(start: StartSimulator) -> None:
    async with start(ldap_port=0) as simulator:
        await switch(simulator, ldap="unreachable")
        assert await told(simulator, ASK) == []
        await switch(simulator, ldap="normal")
        assert len(await told(simulator, ASK)) == 2


async def test_after_the_first_request_of_an_address_the_next_ones_are_refused(start: StartSimulator) -> None:
    async with start(ldap_port=0) as simulator:
        await switch(simulator, ldap="rate_limited")
        assert [(await told(simulator, ASK))[-1].code for _ in range(3)] == [0, 50, 50]


async def test_a_late_list_comes_late_or_not_within_the_time_that_a_client_has(start: StartSimulator) -> None:
    async with start(ldap_port=0, ldap_search_seconds_max=2) as simulator:
        await switch(simulator, ldap=("slow", 0.3))
        began = time.perf_counter()
        assert len(await told(simulator, ASK)) == 2
        assert time.perf_counter() - began >= 0.3
        await switch(simulator, ldap=("slow", 30))
        (late,) = await told(simulator, search(1, ORGANISATIONS, present("cn"), LIST, time=1))
        assert (late.code, late.told) == (3, "This took longer than 1 s.")
        (late,) = await told(simulator, search(1, ORGANISATIONS, present("cn"), LIST, time=600))
        assert (late.code, late.told) == (3, "This took longer than 2.0 s.")


async def test_a_rule_makes_it_fail_so_often_and_is_named(start: StartSimulator) -> None:
    async with start(ldap_port=0) as simulator:
        rule = await fail(simulator, "ldap", "behave", behaviour="forbidden", count=2)
        assert [(await told(simulator, ASK))[-1].code for _ in range(3)] == [50, 50, 0]
        assert await fired(simulator, rule) == 2
        assert await transcribed(simulator, rule)
        rule = await fail(simulator, "ldap", "behave", behaviour="expired")
        assert (await told(simulator, ASK))[-1].told == f"(fault {rule})"


# What is remembered


async def test_who_fetched_what_is_told_beside_http(start: StartSimulator) -> None:
    async with start(ldap_port=0) as simulator:
        await told(simulator, ASK)
        await told(simulator, search(1, ORGANISATIONS, present("cn"), "cn"))
        fetches = (await control(simulator, "GET", "/certificates/fetches")).json()
        assert [(one["service"], one["authority"], one["peer"], one["behaviour"]) for one in fetches] == [
            ("ldap", "ACI-EL-ORG", "127.0.0.1", "normal")
        ]


async def test_a_trap_knows_that_the_list_was_fetched_over_ldap(start: StartSimulator) -> None:
    async with start(ldap_port=0, traps_open=True) as simulator:
        await told(simulator, ASK)
        ready = simulator.ready()

        def visit() -> None:
            context = ssl.create_default_context(cafile=ready["ca_file"])
            with smtplib.SMTP("localhost", ready["traps"]["revoked"]["submission"]["port"], timeout=20) as client:
                client.starttls(context=context)

        await asyncio.to_thread(visit)
        (seen,) = (await control(simulator, "GET", "/traps?trap=revoked")).json()
        assert (seen["lookup"], seen["verdict"]) == ("before", "PASS")


async def test_a_session_is_told_in_words_and_holds_no_password(start: StartSimulator) -> None:
    async with start(ldap_port=0) as simulator:
        client = await LdapClient.open(simulator)
        await client.result(ldap.bind(1))
        await client.result(ldap.bind(2, "cn=admin", "un-secret"))
        await client.result(search(3, ORGANISATIONS, ldap.every(equal("objectClass", "pkiCA"), like("cn", (0, "a"))), LIST, size=5))
        await client.result(search(4, ORGANISATIONS, present("cn"), "cn"))
        client.say(ldap.unbind(5))
        await client.answer()
        said = await lines(simulator)
        assert said == [
            "C 1 bindRequest version 3 without a name",
            "S 1 bindResponse 0 success",
            'C 2 bindRequest version 3 "cn=admin" with a password',
            "S 2 bindResponse 49 invalidCredentials Nobody logs in here: bind without a name and a password (rfc4513#5.1.1).",
            f'C 3 searchRequest "{ORGANISATIONS}" base (&(objectClass=pkiCA)(cn=a*)) {LIST} (size 5)',
            "S 3 searchResDone 0 success",
            f'C 4 searchRequest "{ORGANISATIONS}" base (cn=*) cn',
            f'S 4 searchResEntry "{ORGANISATIONS}" cn (43 octets)',
            "S 4 searchResDone 0 success",
            "C 5 unbindRequest",
        ]
        (session,) = await sessions(simulator)
        assert (session["door"], session["verdict"], session["ended"]) == ("ldap", "refused", "client")
        assert session["costs"]["commands"] == 5
        assert [(one["answer"], one["rule"]) for one in session["refused"]] == [("49 invalidCredentials", "authentication-failed")]
        async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as http:
            assert session["id"] in (await http.get("/ui/sessions?door=ldap")).text
            assert 'door="ldap"' in (await http.get("/metrics")).text


async def test_an_anonymous_report_does_not_tell_who_was_looked_for(start: StartSimulator) -> None:
    async with start(ldap_port=0, ldap_mailboxes=True) as simulator:
        wanted = ldap.every(equal("sn", "Martin"), like("givenName", (0, "Cam")), equal("mail", DOCTOR))
        await told(simulator, search(1, "o=mss-sim", wanted, "cn", scope=ldap.SUB))
        (session,) = await sessions(simulator)
        reports = []
        for anonymous in ("false", "true"):
            answer = await control(simulator, "GET", f"/evidence/{session['id']}/report?anonymous={anonymous}")
            with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
                reports.append(b"\n".join(archive.read(name) for name in archive.namelist() if name.startswith("session")))
        whole, bare = reports
        assert b"(sn=Martin)(givenName=Cam*)" in whole
        assert DOCTOR.encode() in whole
        assert b"Martin" not in bare
        assert b"Cam" not in bare
        assert DOCTOR.encode() not in bare
        assert b"searchRequest" in bare


# Other worlds


async def test_who_is_connected_is_told_that_the_world_began_anew(start: StartSimulator) -> None:
    async with start(ldap_port=0) as simulator:
        client = await LdapClient.open(simulator)
        await client.result(ldap.bind(1))
        assert (await control(simulator, "POST", "/reset")).status_code == 204
        notice = await client.answer()
        assert notice is not None
        assert (notice.id, notice.code, notice.told, notice.more) == (0, 52, "The world was reset, connect again", [(0x8A, NOTICE)])
        assert await client.answer() is None
        assert len(await told(simulator, ASK)) == 2


async def test_a_simulator_that_stops_tells_who_is_connected(start: StartSimulator) -> None:
    async with start(ldap_port=0) as simulator:
        client = await LdapClient.open(simulator)
        await client.result(ldap.bind(1))
    notice = await client.answer()
    assert notice is not None
    assert notice.told == "The simulator stops, try again later"
    assert await client.answer() is None


async def test_worlds_of_one_process_have_the_port_when_the_first_one_or_their_settings_do(tmp_path: Path) -> None:
    usual = {"submission_port": 0, "mx_port": 0, "imap_port": 0, "http_port": 0}
    async with Worlds(Settings(data_dir=tmp_path / "a", **usual)) as worlds:
        assert worlds.first.ready()["ldap"] is None
        assert (await worlds.create(NewWorld())).ready["ldap"] is None
        made = await worlds.create(NewWorld(settings={"ldap_port": 0}))
        one = worlds.simulator(made.id)
        assert made.ready["ldap"]["port"]
        assert list(await crl(one)) == []
        assert str(made.ready["ldap"]["port"]) in points(one)[1]
    async with Worlds(Settings(data_dir=tmp_path / "b", ldap_port=0, igc_ldap_url="ldap://elsewhere.example", **usual)) as worlds:
        made = await worlds.create(NewWorld())
        assert made.ready["ldap"]["port"] != worlds.first.ready()["ldap"]["port"]
        assert f":{made.ready['ldap']['port']}/" in points(worlds.simulator(made.id))[1]


async def test_a_port_that_is_taken_is_named(start: StartSimulator) -> None:
    async with start(ldap_port=0) as simulator:
        port = simulator.ready()["ldap"]["port"]
        with pytest.raises(OSError, match=f"ldap port {port}.*--ldap-port"):
            async with start(ldap_port=port):
                pass


# Mailboxes, by choice


async def test_mailboxes_are_no_entries_unless_a_setting_says_so(start: StartSimulator) -> None:
    async with start(ldap_port=0) as simulator:
        for base in ("o=mss-sim", f"mail={DOCTOR},o=mss-sim"):
            assert [one.code for one in await told(simulator, search(1, base))] == [32]


async def test_published_mailboxes_are_found_and_labelled(start: StartSimulator) -> None:
    async with start(ldap_port=0, ldap_mailboxes=True) as simulator:
        root, _ = await told(simulator, search(1, "", present("objectClass"), "namingContexts"))
        assert root.values["namingContexts"] == [b"o=ASIP-SANTE,c=FR", b"o=mss-sim"]
        wanted = ldap.every(like("mail", (1, "martin")), ldap.negated(equal("businessCategory", "org")))
        for scope, base in (
            (ldap.SUB, "o=mss-sim"),
            (ldap.ONE, "o=mss-sim"),
            (ldap.SUB, ""),
            (ldap.BASE, f"MAIL={DOCTOR.upper()}, O=mss-sim"),
        ):
            entry, result = await told(simulator, search(1, base, wanted, scope=scope))
            assert (result.code, entry.name) == (0, f"mail={DOCTOR},o=mss-sim")
        assert entry.values["objectClass"] == [b"top", b"person", b"organizationalPerson", b"inetOrgPerson"]
        assert (entry.values["sn"], entry.values["givenName"], entry.values["mail"]) == ([b"MARTIN"], [b"Camille"], [DOCTOR.encode()])
        assert entry.values["description"] == [b"A choice of mss-sim: there is no national LDAP directory of mailboxes."]
        ward, _ = await told(simulator, search(1, f"mail={WARD},o=mss-sim"))
        assert (ward.values["o"], ward.values["businessCategory"]) == (["Hôpital des Ormes".encode()], [b"ORG"])
        alone = await told(simulator, search(1, f"mail={WARD},o=mss-sim", scope=ldap.SUB))
        assert [one.name for one in alone[:-1]] == [ward.name]
        assert len(await told(simulator, search(1, f"mail={WARD},o=mss-sim", scope=ldap.ONE))) == 1
        await control(simulator, "PATCH", f"/mailboxes/{DOCTOR}", {"red_listed": True})
        assert [one.code for one in await told(simulator, search(1, "o=mss-sim", wanted, scope=ldap.SUB))] == [0]
        assert [one.code for one in await told(simulator, search(1, f"mail={DOCTOR},o=mss-sim"))] == [32]


async def test_of_many_mailboxes_a_search_gives_so_many(start: StartSimulator) -> None:
    async with start(ldap_port=0, ldap_mailboxes=True, ldap_entries_max=2) as simulator:
        found = await told(simulator, search(1, "o=mss-sim", present("mail"), "mail", scope=ldap.SUB))
        assert (len(found), found[-1].code) == (3, 4)


# More than one at a time


async def test_a_search_that_is_late_is_abandoned_and_holds_nobody_up(start: StartSimulator) -> None:
    async with start(ldap_port=0) as simulator:
        await fail(simulator, "ldap", "behave", behaviour="slow", seconds=60)
        client = await LdapClient.open(simulator)
        client.say(search(1, ORGANISATIONS, present("cn"), LIST))
        client.say(search(2, ORGANISATIONS, present("cn"), LIST))
        found = [await client.answer(), await client.answer()]
        assert [one.id for one in found if one] == [2, 2]
        client.say(ldap.abandon(3, 1))
        assert [one.id for one in await client.ask(ldap.bind(4))] == [4], "it would have waited for the search"
        await client.close()


async def test_of_searches_under_way_the_one_that_is_named_is_abandoned(start: StartSimulator) -> None:
    async with start(ldap_port=0) as simulator:
        await fail(simulator, "ldap", "behave", behaviour="slow", seconds=1, count=2)
        client = await LdapClient.open(simulator)
        for number in (1, 2):
            client.say(search(number, ORGANISATIONS, present("cn"), LIST))
        assert [one.id for one in await client.ask(ldap.abandon(3, 1))] == [2, 2]
        assert [one.id for one in await client.ask(ldap.bind(4))] == [4]
        await client.close()


async def test_who_waited_for_an_answer_has_as_long_for_the_next_request_as_ever(start: StartSimulator) -> None:
    async with start(ldap_port=0, ldap_idle_timeout_seconds=1.5) as simulator:
        await fail(simulator, "ldap", "behave", behaviour="slow", seconds=2)
        client = await LdapClient.open(simulator)
        assert [one.id for one in await client.ask(search(1, ORGANISATIONS, present("cn"), LIST))] == [1, 1], "it came after the time"
        await asyncio.sleep(0.2)
        assert [one.id for one in await client.ask(ldap.bind(2))] == [2]
        await client.close()


async def test_who_sends_all_at_once_and_hangs_up_half_is_answered(start: StartSimulator) -> None:
    async with start(ldap_port=0) as simulator:
        client = await LdapClient.open(simulator)
        client.say(b"".join(search(number, ORGANISATIONS, present("cn"), LIST) for number in range(1, 301)))
        client.writer.write_eof()
        done = []
        while (answer := await client.answer()) is not None:
            done += [answer.id] if answer.tag == 0x65 else []
        assert sorted(done) == list(range(1, 301))
        await client.close()
