"""The HTTP application: the REST API, the control plane beside it, health."""

from functools import partial
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

from mss_sim.annuaire import routes as annuaire
from mss_sim.api import (
    attachments,
    charges,
    conversations,
    directory,
    events,
    grants,
    journal,
    mailbox_life,
    mailboxes,
    masks,
    messages,
    schemas,
    sending,
    watch_list,
)
from mss_sim.api import certificates as own_certificates
from mss_sim.control import (
    behaviours,
    bulk,
    certificates,
    clock,
    documents,
    evidence,
    faults,
    health,
    indicators,
    letters,
    people,
    psc,
    queue,
    scenarios,
    seeds,
    snapshots,
    traps,
    trust_space,
    wait,
    webhooks,
    worlds,
    writing,
)
from mss_sim.control import directory as whole_directory
from mss_sim.control import events as all_events
from mss_sim.control import journal as whole_journal
from mss_sim.control import mailbox_life as controlled_life
from mss_sim.control.scenario_schemas import PlayIn
from mss_sim.control.sockets import Sockets
from mss_sim.http import answers, examples, look, problems
from mss_sim.http.breakage import Breakage
from mss_sim.http.front import Front
from mss_sim.http.hosted import Hosted
from mss_sim.mailpit import about as mailpit
from mss_sim.mailpit import letter as mailpit_letter
from mss_sim.mailpit import letters as mailpit_letters
from mss_sim.public import autoconfig, igc, trust
from mss_sim.web import application as pages

_DESCRIPTION = """\
A simulator of the MSSanté trust space. Fictional people only; nothing leaves this machine.

Every refusal is a problem document (RFC 9457) whose `code` is the rule and whose `reference` says where it comes from.
"""
_DOCS_POLICY = "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
"""A browser asks no other machine for anything on the page of the documentation; its first script stands in the page."""
_TAGS = {
    "mailboxes": "Who you are, and the mailboxes that you may see.",
    "life of a mailbox": "What a mailbox does by itself, and how it ends.",
    "folders": "Folders of a mailbox.",
    "holders": "The responsible and the co-holders of a practice's mailbox.",
    "messages": "Messages in folders: listed, searched, read, flagged, moved.",
    "letters in charge": "Who has a message in charge, and notes for colleagues.",
    "sending": "Letters sent from a mailbox.",
    "receipts": "Read receipts, and what became of each letter that was sent.",
    "grants": "Delegation of a mailbox.",
    "carers": "What a patient masks from carers.",
    "directory": "Whom one may write to: found, suggested, and why somebody is not found.",
    "certificates": "Certificates that open one's mailboxes.",
    "conversations": "Conversations with patients, and their closure.",
    "journal": "Who did what with a mailbox.",
    "events": "What happens in your mailboxes, as it happens.",
    "control: people and mailboxes": "The world as a test suite makes, changes and empties it; no rights are checked.",
    "control: many people": "Fictional people made by numbers, and files of people and mailboxes read in.",
    "control: trust space": "Operators and the white list.",
    "control: patients": "What patients do by themselves with the letters that they get.",
    "control: worlds and snapshots": "Further worlds of this process, and whole worlds kept under names.",
    "control: waiting": "Answered when something has happened.",
    "control: events": "Everything that happens, as it happens.",
    "control: scenarios": "Stories of a few people played step by step or at once, and recorded from what was done by hand.",
    "control: clock": "The time of the world: as the machine's, shifted, standing still or faster, and moved forward.",
    "control: faults": "Rules by which a door, the queue or a service fails, counted and never by chance; troubles of the field by name.",
    "control: who may write": "Pharmacies' dispensations, and why somebody may or may not write to somebody.",
    "control: directory": "Why the directory does not show an address.",
    "control: letters": "Every letter of the world; looking at it changes nothing.",
    "control: journal": "Who did what in this world, with whatever mailbox.",
    "control: queue": "Letters that wait: why, and when they are tried next.",
    "control: evidence": "What clients did at every door, why something was refused, what each client cost.",
    "control: indicators": "Figures about what the world did; ours, no national format.",
    "control: certificates": "Certificates issued and taken back, and services of the authority that can be made to fail.",
    "control: traps": "What the traps saw of clients.",
    "control: Pro Santé Connect": "Clients, personas, keys, approvals and failures of the provider.",
    "Mailpit": "The letters of the world as Mailpit shows those that it catches, for suites that were written against it.",
    "trust space": "What anybody may fetch: the white list, the configuration of mail programs.",
    "certificates and revocation": "What the authority publishes: certificates, CRL, OCSP.",
    "health": "Whether the simulator lives, is ready, and how much it did.",
}
"""Each operation has one, in this order; what it groups."""

_ROUTERS = (
    *(mailboxes.router, messages.router, sending.router, watch_list.router, grants.router, charges.router, masks.router),
    *(own_certificates.router, conversations.router, journal.router, events.router, attachments.router),
    directory.router,
    *(mailbox_life.router, controlled_life.router),
    *(worlds.router, snapshots.router, seeds.router, wait.router, all_events.router, webhooks.router, scenarios.router),
    *(
        people.router,
        bulk.router,
        behaviours.router,
        clock.router,
        faults.router,
        letters.router,
        documents.router,
        whole_journal.router,
        queue.router,
        evidence.router,
        indicators.router,
        whole_directory.router,
    ),
    *(mailpit_letters.router, mailpit_letter.router, mailpit.router, mailpit.probes),
    *(trust_space.router, trust_space.public, autoconfig.router),
    *(certificates.router, traps.router, psc.router, trust.router, igc.router, health.router, writing.router),
)
"""Their routes become the application's own: a router that is included is searched twice for every request."""


def build(hosted: Hosted, sockets: Sockets) -> FastAPI:
    """The application of one world."""
    app = FastAPI(
        title="mss-sim",
        version=version("mss-sim"),
        description=_DESCRIPTION,
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        default_response_class=Response,
    )
    app.state.hosted = hosted
    app.state.sockets = sockets
    problems.install(app)
    for router in _ROUTERS:
        app.router.routes.extend(router.routes)
    annuaire.install(app)
    _serve_docs(app)
    look.install(app)
    pages.install(app, hosted, sockets.traps)
    app.add_middleware(Front, core=hosted.core)
    app.add_middleware(Breakage, core=hosted.core)
    app.openapi = partial(_openapi, app)  # type: ignore[method-assign]  # FastAPI's documented way to extend the schema
    return app


def of_no_world() -> FastAPI:
    """The application without a world: its routes, and what it says of itself, which is the same in every world."""
    nothing = cast("Any", None)
    return build(Hosted(nothing, Path(), nothing, None, nothing), Sockets({}, nothing))


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The schema with an example of everything, the bodies that their routes read by themselves, and what refusals look like."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        for model in (schemas.SendIn, PlayIn, schemas.Problem):
            shape = model.model_json_schema(ref_template="#/components/schemas/{model}")
            schema["components"]["schemas"] |= {**shape.pop("$defs", {}), model.__name__: shape}
        examples.complete(schema)
        answers.share_refusals(schema)
        _group(schema)
        app.openapi_schema = schema
    return app.openapi_schema


def _group(schema: dict[str, Any]) -> None:
    """One tag for each operation, the route's own before its router's; the control key is asked for where one is set only."""
    for path in schema["paths"].values():
        for operation in path.values():
            operation["tags"] = operation["tags"][-1:]
            if {"ControlKey": []} in operation.get("security", ()):
                operation["security"].append({})
    schema["tags"] = [{"name": name, "description": text} for name, text in _TAGS.items()]


def _serve_docs(app: FastAPI) -> None:
    """The interactive documentation, from files that ship with a package: a browser asks no other machine."""
    app.mount("/docs-files", StaticFiles(directory=str(files("fastapi_offline") / "static")), name="docs-files")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        page = get_swagger_ui_html(
            openapi_url="/openapi.json",
            title="mss-sim",
            swagger_js_url="/docs-files/swagger-ui-bundle.js",
            swagger_css_url="/docs-files/swagger-ui.css",
            swagger_favicon_url="/docs-files/favicon.png",
            swagger_ui_parameters={"validatorUrl": None},
        )
        page.headers["Content-Security-Policy"] = _DOCS_POLICY
        return page
