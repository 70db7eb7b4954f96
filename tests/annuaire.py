"""A client of the national directory, and a hospital with so many people that they take two pages."""

import json
from collections.abc import Iterable
from typing import Any

import httpx

from mss_sim.app.simulator import Simulator
from mss_sim.policy.identifiers import with_luhn
from mss_sim.vocabulary.directory import Canonical, System

HOSPITAL_IDNAT = "1750990012"
DOCTOR_IDNAT, CARDIOLOGIST_IDNAT = "899700420013", "899700420047"
NATIONAL = "urn:oid:1.2.250.1.71.4.2.1"
HELENE = with_luhn("9970043000")


class Annuaire:
    """Asks the directory of a simulator, with its key unless another one is given."""

    def __init__(self, simulator: Simulator, **headers: str) -> None:
        self.ready: dict[str, str] = simulator.ready()["directory"]
        self._headers = headers or {"ESANTE-API-KEY": self.ready["api_key"]}

    async def ask(self, path: str, method: str = "GET", **options: Any) -> httpx.Response:
        """One request below the base, or to a whole address."""
        url = path if path.startswith("http") else f"{self.ready['fhir']}/{path}"
        async with httpx.AsyncClient(headers=self._headers, timeout=30) as client:
            return await client.request(method, url, **options)

    async def page(self, path: str) -> dict[str, Any]:
        """A page that must be there."""
        answer = await self.ask(path)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/fhir+json"
        found: dict[str, Any] = answer.json()
        return found

    async def found(self, path: str) -> list[dict[str, Any]]:
        """The resources of one page."""
        return resources(await self.page(path))

    async def walk(self, path: str) -> list[list[dict[str, Any]]]:
        """The resources of all pages, page by page."""
        pages, next_ = [], path
        while next_:
            page = await self.page(next_)
            pages.append(resources(page))
            next_ = link(page, "next") or ""
        return pages

    async def refused(self, path: str, **options: Any) -> tuple[int, str, str]:
        """(status, code, text) of an OperationOutcome."""
        answer = await self.ask(path, **options)
        told = answer.json()
        assert (told["resourceType"], len(told["issue"]), told["issue"][0]["severity"]) == ("OperationOutcome", 1, "error")
        return answer.status_code, told["issue"][0]["code"], told["issue"][0]["diagnostics"]


def resources(page: dict[str, Any]) -> list[dict[str, Any]]:
    """The resources of a page."""
    return [entry["resource"] for entry in page.get("entry", ())]


def link(page: dict[str, Any], relation: str) -> str | None:
    """The address of a relation."""
    return next((one["url"] for one in page["link"] if one["relation"] == relation), None)


def families(found: Iterable[dict[str, Any]]) -> list[str]:
    """The family names of persons."""
    return sorted(one["name"][0]["family"] for one in found if one["resourceType"] == "Practitioner")


def addresses(found: Iterable[dict[str, Any]]) -> list[str]:
    """The MSSanté addresses on resources."""
    return sorted(box["value"] for one in found for box in one.get("telecom", ()))


def nurse(number: int) -> dict[str, Any]:
    """Somebody who works at the hospital, as a row of an import."""
    return {
        "kind": "professional",
        "idnat": "8" + with_luhn(f"9970044{number:03d}"),
        "family_name": f"SOIGNANT{number:03d}",
        "given_name": "Dominique",
        "profession": "Infirmière",
        "structure": HOSPITAL_IDNAT,
    }


async def employ(simulator: Simulator, count: int) -> None:
    """Have so many more people work at the hospital, which has two already."""
    rows = "".join(json.dumps(nurse(number)) + "\n" for number in range(count))
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], timeout=30) as client:
        answer = await client.post("/control/import", content=rows, headers={"content-type": "application/x-ndjson"})
        assert answer.status_code in (200, 201), answer.text


async def add(simulator: Simulator, path: str, body: dict[str, Any]) -> None:
    """Something new over the control plane."""
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], timeout=30) as client:
        answer = await client.post(f"/control{path}", json=body)
        assert answer.status_code == 201, answer.text


def operation(type_: str, path: str, index: int | None = None, **value: Any) -> dict[str, Any]:
    """One operation of a PATCH; `value` by the name of its type, such as valueInteger."""
    parts: list[dict[str, Any]] = [{"name": "type", "valueCode": type_}, {"name": "path", "valueString": path}]
    if index is not None:
        parts.append({"name": "index", "valueInteger": index})
    return {"name": "operation", "part": [*parts, *([{"name": "value", **value}] if value else [])]}


def parameters(*operations: Any) -> dict[str, Any]:
    """The body of a PATCH."""
    return {"resourceType": "Parameters", "parameter": list(operations)}


def contact_point(address: str, kind: str, rank: int | None = None, **held: Any) -> dict[str, Any]:
    """A mailbox as the profile has it; `held` are listeRouge, description, service, responsible."""
    type_ = {"url": "type", "valueCodeableConcept": {"coding": [{"system": System.MAILBOX_KIND, "code": kind}]}}
    more = [{"url": name, "valueBoolean" if isinstance(one, bool) else "valueString": one} for name, one in held.items()]
    shown = {
        "extension": [
            {"url": Canonical.EMAIL_TYPE, "valueCoding": {"system": System.MESSAGING, "code": "MSSANTE"}},
            {"url": Canonical.MAILBOX_METADATA, "extension": [type_, *more]},
        ],
        "system": "email",
        "value": address,
    }
    return shown if rank is None else {**shown, "rank": rank}


def box_path(type_: str, address: str, field: str = "") -> str:
    """The path of a mailbox on a resource, or of one value of it."""
    whole = f"{type_}.telecom.where(value='{address}')"
    if field in ("", "rank"):
        return f"{whole}.{field}" if field else whole
    return f"{whole}.extension('{Canonical.MAILBOX_METADATA}').extension('{field}').value"


def metadata(box: dict[str, Any]) -> dict[str, Any]:
    """What the extension of a mailbox holds, by names; of its kind the code."""
    found = {one["url"]: one for one in box["extension"][1]["extension"]}
    kind = found.pop("type")["valueCodeableConcept"]["coding"][0]["code"]
    return {"type": kind, **{name: next(value for key, value in one.items() if key != "url") for name, one in found.items()}}


async def operator(simulator: Simulator, name: str) -> Annuaire:
    """The directory as an operator asks it."""
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], timeout=30) as client:
        known = (await client.get("/control/operators")).json()
    key = next(one["directory_key"] for one in known if one["name"] == name)
    return Annuaire(simulator, **{"ESANTE-API-KEY": key})


async def patch(asker: Annuaire, path: str, *operations: Any, **headers: str) -> httpx.Response:
    """Operations on one resource, where operators write."""
    body = json.dumps(parameters(*operations))
    sent = {"content-type": "application/fhir+json", **headers}
    return await asker.ask(f"{asker.ready['write']}/{path}", "PATCH", content=body, headers=sent)


async def patched(asker: Annuaire, path: str, *operations: Any) -> dict[str, Any]:
    """The resource that is answered to operations that are done."""
    answer = await patch(asker, path, *operations)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def not_patched(asker: Annuaire, path: str, *operations: Any) -> tuple[int, str, str]:
    """(status, code, text) of what is said to operations that are not done."""
    answer = await patch(asker, path, *operations)
    told = answer.json()
    assert (told["resourceType"], len(told["issue"]), told["issue"][0]["severity"]) == ("OperationOutcome", 1, "error")
    return answer.status_code, told["issue"][0]["code"], told["issue"][0]["diagnostics"]


def boxes(resource: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The mailboxes on a resource by their addresses: what they hold, and their rank."""
    return {box["value"]: {**metadata(box), "rank": box.get("rank")} for box in resource.get("telecom", ())}
