"""How fast mail is accepted: durable against a peer that stores nothing, with TLS, by submission, to many mailboxes."""

import http.client
import json
from collections.abc import Callable
from dataclasses import replace
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from figures import IN_CLEAR, BenchmarkError, Row, Setting, alternate, compared
from servers import AS_SENDER, KIB, SENDER_OPERATOR, WARD, Load, Simulator, peer, simulator

_ROUNDS = 3
_BOXES = 50
_WARM_UP = 300


def small(setting: Setting) -> list[Row]:
    """Durable acceptance of 2 KiB."""
    return [_against_peer(setting, "accept 2 KiB", 2 * KIB, setting.count(6_000, 200), 1.4)]


def large(setting: Setting) -> list[Row]:
    """Durable acceptance of 100 KiB."""
    return [_against_peer(setting, "accept 100 KiB", 100 * KIB, setting.count(1_200, 60), 3.0)]


def _against_peer(setting: Setting, name: str, size: int, count: int, limit: float) -> Row:
    with peer() as stock, simulator(setting.folder, data=setting.folder / "data", mx_port=setting.mx_port, in_clear=True) as ours:
        mine, theirs = Load(ours.mx, count, size), Load(stock, count, size)
        _warm(setting, mine, theirs)
        before = ours.cpu_seconds()
        rates = alternate(mine.rate, theirs.rate, _ROUNDS)
        row = compared(name, "/s", *rates, limit, "aiosmtpd, storing nothing,")
        used = (ours.cpu_seconds() - before) / (count * _ROUNDS)
    detail = {**row.detail, "size_bytes": size, "messages": count, "cpu_milliseconds_each": used * 1_000}
    return replace(row, detail=detail, settings=IN_CLEAR)


def _warm(setting: Setting, *loads: Load) -> None:
    for load in loads:
        replace(load, count=min(load.count, setting.count(_WARM_UP, 20))).run()


def starttls(setting: Setting) -> list[Row]:
    """The MX port behind STARTTLS against the same port in clear; handshakes are made before the clock starts."""
    count = setting.count(4_000, 200)
    with simulator(setting.folder, data=setting.folder / "data", mx_port=setting.mx_port, in_clear=True) as ours:
        clear = Load(ours.mx, count)
        secured = replace(clear, extra=("--starttls", "--ca", ours.ca_file))
        _warm(setting, clear, secured)
        rates = alternate(secured.rate, clear.rate, _ROUNDS)
    return [replace(compared("MX with STARTTLS", "/s", *rates, 0.8, "MX in clear"), settings=IN_CLEAR)]


def front_door(setting: Setting) -> list[Row]:
    """What users run, against the MX port in clear of the same run: mail of a peer with its certificate, and mail of a client.

    The handshakes are over before the clock starts. The client's letter is for a mailbox of its own operator.
    """
    clear, usual = setting.folder / "clear", setting.folder / "usual"
    for folder in (clear, usual):
        folder.mkdir()
    count = setting.count(2_000, 100)
    with (
        simulator(clear, data=clear / "data", in_clear=True) as plain,
        simulator(usual, data=usual / "data", mx_port=setting.mx_port) as ours,
    ):
        in_clear = Load(plain.mx, count)
        tls = ("--starttls", "--ca", ours.ca_file)
        loads = {
            "MX 2 KiB": (Load(ours.mx, count, extra=(*tls, *_shown(ours))), 0.8),
            "submission 2 KiB": (Load(ours.submission, count, recipient=WARD, extra=(*tls, *AS_SENDER)), 0.5),
        }
        _warm(setting, in_clear, *(load for load, _ in loads.values()))
        return [
            compared(name, "/s", *alternate(load.rate, in_clear.rate, _ROUNDS), limit, "MX in clear")
            for name, (load, limit) in loads.items()
        ]


def _shown(ours: Simulator) -> tuple[str, ...]:
    """The options with which a load shows the certificate of the sender's operator, as that operator's server does."""
    connection = _connection(ours)
    connection.request("GET", "/control/certificates")
    known = json.loads(connection.getresponse().read())
    issued = next(one for one in known if one["operator"] == SENDER_OPERATOR and one["profile"] == "ORG_AUTH_CLI")
    options: list[str] = []
    for option, form in (("--cert", "pem"), ("--key", "key")):
        connection.request("GET", f"/control/certificates/{issued['serial']}/{form}")
        file = ours.log.with_name(f"operator.{form}")
        file.write_bytes(connection.getresponse().read())
        options += [option, str(file)]
    connection.close()
    return tuple(options)


def fifty(setting: Setting) -> list[Row]:
    """What one message to fifty mailboxes costs, in messages to one mailbox; one connection, commands pipelined as mail servers do."""
    count = setting.count(300, 20)
    with simulator(setting.folder, data=setting.folder / "data", mx_port=setting.mx_port, in_clear=True) as ours:
        _make_boxes(ours)
        box = "bench%d@medecin.sim.mssante.fr"
        one = Load(ours.mx, 5 * count, connections=1, recipient=box % 0, extra=("--pipelining",))
        many = Load(ours.mx, count, connections=1, recipient=box, extra=("--pipelining", "--recipients", str(_BOXES)))
        _warm(setting, one, many)
        costs = alternate(_cost(many), _cost(one), _ROUNDS)
    dear, cheap = (median(series) for series in costs)
    return [
        Row(
            f"one message to {_BOXES}",
            f"{dear * 1_000:.2f} ms",
            f"to one {cheap * 1_000:.2f} ms, ratio < 5",
            dear / cheap,
            dear / cheap < 5,
            {"seconds_to_many": costs[0], "seconds_to_one": costs[1], "mailboxes": _BOXES, "limit": 5},
            IN_CLEAR,
        )
    ]


def _cost(load: Load) -> Callable[[], float]:
    def measure() -> float:
        outcome = load.run()
        return outcome.seconds / outcome.sent

    return measure


def _make_boxes(ours: Simulator) -> None:
    """Fifty people with a personal mailbox each, through the control plane."""
    connection = _connection(ours)
    for number in range(_BOXES):
        idnat = f"8997004{number:05d}"
        person = {"idnat": idnat, "kind": "professional", "family_name": f"BENCH {number}", "given_name": "Alix"}
        _post(connection, "/control/identities", person)
        address = f"bench{number}@medecin.sim.mssante.fr"
        _post(connection, "/control/mailboxes", {"address": address, "kind": "PER", "owner_idnat": idnat})
    connection.close()


def _connection(ours: Simulator) -> http.client.HTTPConnection:
    place = urlsplit(ours.ready["http"])
    return http.client.HTTPConnection(place.hostname or "127.0.0.1", place.port, timeout=30)


def _post(connection: http.client.HTTPConnection, path: str, body: dict[str, Any]) -> None:
    connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read().decode("utf-8", "replace")
    if answer.status != 201:
        raise BenchmarkError(f"POST {path} answered {answer.status}: {text[:200]}")
