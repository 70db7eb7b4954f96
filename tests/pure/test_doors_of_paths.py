"""At which door of HTTP a path is asked for, as evidence has it: who drives or watches the world is at none."""

import pytest

from mss_sim.http.recording import door_of
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.psc import PSC_CALLBACK, PSC_REALM


@pytest.mark.parametrize(
    ("path", "door"),
    [
        ("/", None),
        *((path, None) for path in ("/control", "/control/state", "/ui", "/ui/as/doctor", "/docs", "/openapi.json")),
        *((path, None) for path in ("/healthz", "/readyz", "/metrics")),
        ("/api/v1/me", Door.REST),
        ("/api", Door.PUBLIC),
        ("/auth", Door.PSC),
        (f"{PSC_REALM}/protocol/openid-connect/token", Door.PSC),
        (PSC_CALLBACK, Door.PSC),
        ("/mailpit/api/v1/info", Door.MAILPIT),
        ("/fhir/v2/Practitioner", Door.DIRECTORY),
        ("/fhir", Door.PUBLIC),
        *((path, Door.PUBLIC) for path in ("/listeblanchemssante.xml", "/checksum", "/ca.pem", "/ocsp", "/apis", "/favicon.ico")),
    ],
)
def test_each_path_is_of_one_door_or_of_none(path: str, door: Door | None) -> None:
    assert door_of(path) is door
