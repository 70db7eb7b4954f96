"""Two or three personas side by side, each in a frame with a session of its own, and a story told beside them.

Who stands where is in the address: `?left=doctor&right=secretary`, by roles of the seed, or by actors of `story` where one is told.
The guide is a frame too: its button plays the next step and loads the guide anew, and nothing else.
"""

import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlencode

from starlette.responses import Response

from mss_sim.core.control import named_seeds, personas
from mss_sim.errors import Refusal, Rule
from mss_sim.vocabulary.scenarios import PlayState
from mss_sim.web import guided
from mss_sim.web.gate import set_cookie
from mss_sim.web.showing import show
from mss_sim.web.visit import Routes, Visit, back
from mss_sim.words.sentence import say

if TYPE_CHECKING:
    from mss_sim.core.scenarios.plays import Play
    from mss_sim.scenarios.model import Scenario

_PATH = "/ui/duo"
_SIDES = ("left", "right", "third")
_ROLE_CHARS_MAX = 64


class Seat(NamedTuple):
    """Somebody who has a frame. `who`: role or actor; `idnat`: None while a play has not made them; `place`: what their frame shows."""

    side: str
    who: str
    name: str
    idnat: str | None
    path: str
    place: str
    open: bool = False


async def show_duo(visit: Visit) -> Response:
    """The frames, and the guide where a story is told; without anybody, the choice of who and of which story."""
    story, play = _asked(visit, "story"), await _play(visit)
    seats = await _seats(visit, story, play)
    scenario = await guided.scenario(visit.core, story) if story else None
    return show(
        "duo.html",
        visit.here,
        seats=seats,
        all_open=bool(seats) and all(seat.open for seat in seats),
        personas=await _personas(visit),
        chosen={side: _asked(visit, side) for side in _SIDES},
        story=story,
        play=play.id if play else "",
        guide=f"{_PATH}/guide?{urlencode({'story': story, 'play': play.id})}" if play else None,
        **_story(visit, story, scenario, None),
        stories=[(name, await _title(visit, name)) for name in guided.GUIDED],
    )


async def show_guide(visit: Visit) -> Response:
    """The story, step by step, with the button that plays the next one."""
    story, play = _asked(visit, "story"), await _play(visit)
    guided.guided(story)
    if play is None:
        raise Refusal(Rule.NOT_FOUND, say("The play is over and forgotten: begin the story again."))
    shown = _story(visit, story, play.scenario, play)
    return show("duo_guide.html", visit.here, story=story, play=play.id, state=play.state, states=PlayState, **shown)


async def log_in(visit: Visit) -> Response:
    """Be all of them at once."""
    response = back(_address(visit))
    for seat in await _seats(visit, "", None):
        await _sit(visit, response, seat)
    return response


async def begin(visit: Visit) -> Response:
    """Begin a story, again where it was begun before: end what it gave, forget the play, make its people, and be them."""
    story = visit.field("story")
    guided.guided(story)
    if visit.field("play"):
        await guided.leave(visit.core, visit.field("play"))
    play = await guided.begin(visit.core, story)
    seats = await _seats(visit, story, play)
    asked = {seat.side: seat.who for seat in seats} | {"story": story, "play": play.id}
    response = back(f"{_PATH}?{urlencode(asked)}")
    for seat in seats:
        await _sit(visit, response, seat)
    return response


async def play_next(visit: Visit) -> Response:
    """Play the next guided step."""
    story, play = visit.field("story"), visit.field("play")
    await guided.play_next(visit.core, story, play)
    return back(f"{_PATH}/guide?{urlencode({'story': story, 'play': play})}")


async def reset(visit: Visit) -> Response:
    """Begin the whole world anew, with the seed that it began with."""
    story = visit.field("story")
    guided.guided(story)
    await visit.core.reset(visit.pages.hosted.seed or named_seeds.NONE)
    return back(f"{_PATH}?{urlencode({'story': story})}")


async def _sit(visit: Visit, response: Response, seat: Seat) -> None:
    """Log somebody in below their own path, and let the page of the frames know."""
    if seat.idnat is None:
        raise Refusal(Rule.NOT_FOUND, say("Nobody here plays {who}; choose somebody of the list.", who=seat.who[:_ROLE_CHARS_MAX]))
    made = await visit.pages.sessions.log_in(visit.request, response, seat.idnat, seat.path)
    set_cookie(visit.request, response, _cookie(seat.path), made.token, _PATH)


def _cookie(path: str) -> str:
    return f"mss-sim-duo-{path}"


def _asked(visit: Visit, name: str) -> str:
    """A word of the address, or of the form that was made of it."""
    return visit.request.query_params.get(name, visit.field(name))[:_ROLE_CHARS_MAX]


def _address(visit: Visit) -> str:
    asked = {name: value for name in (*_SIDES, "story", "play") if (value := _asked(visit, name))}
    return f"{_PATH}?{urlencode(asked)}" if asked else _PATH


async def _play(visit: Visit) -> "Play | None":
    """The play that the address names; None where it is forgotten."""
    try:
        return visit.core.plays().one(_asked(visit, "play")) if _asked(visit, "play") else None
    except Refusal:
        return None


async def _personas(visit: Visit) -> list[personas.Persona]:
    name = visit.pages.hosted.seed
    return await personas.of_seed(visit.core.world, name) if name in named_seeds.names(visit.core.world) else []


async def _seats(visit: Visit, story: str, play: "Play | None") -> list[Seat]:
    """Who stands side by side, from the left."""
    asked = [(side, _asked(visit, side)) for side in _SIDES]
    if story:
        told = guided.guided(story)
        asked = [(side, who or told.seats[number]) for number, (side, who) in enumerate(asked) if who or number < len(told.seats)]
    played = {} if play else await personas.played(visit.core.world)
    seats = []
    for side, who in asked:
        if who:
            seats.append(_acted(visit, side, who, story, play) if play else _seat(visit, side, who, played, story))
    return seats


def _seat(visit: Visit, side: str, who: str, played: dict[str, dict[str, Any]], story: str) -> Seat:
    row = None if story else played.get(who)
    path = re.sub(r"[^A-Za-z0-9_-]", "-", who)
    name = " ".join(str(row[part]) for part in ("title", "given_name", "family_name") if row.get(part)) if row else who
    return _opened(visit, Seat(side, who, name, str(row["idnat"]) if row else None, path, f"/ui/as/{path}/"))


def _acted(visit: Visit, side: str, who: str, story: str, play: "Play") -> Seat:
    """An actor of a play; their session has the story in its path, so that it takes no other persona's place."""
    cast, told = play.stage.cast, guided.guided(story)
    person = cast.people.get(who)
    path = f"{story}-{re.sub(r'[^A-Za-z0-9_-]', '-', who)}"
    place = f"/ui/as/{path}/"
    if who in told.delegates:
        place += f"mailboxes/{quote(cast.address(told.delegates[who]), safe='@')}/delegations"
    return _opened(visit, Seat(side, who, person.name if person else who, person.idnat if person else None, path, place))


def _opened(visit: Visit, seat: Seat) -> Seat:
    token = visit.request.cookies.get(_cookie(seat.path), "")
    return seat._replace(open=visit.pages.sessions.find(token, seat.path) is not None)


def _story(visit: Visit, name: str, scenario: "Scenario | None", play: "Play | None") -> dict[str, Any]:
    if scenario is None:
        return {"title": "", "about": "", "steps": []}
    language = visit.here.language
    return {
        "title": guided.in_language(scenario.title, language),
        "about": guided.in_language(scenario.about, language),
        "steps": guided.steps_of(name, scenario, play, language),
    }


async def _title(visit: Visit, name: str) -> str:
    return guided.in_language((await guided.scenario(visit.core, name)).title, visit.here.language)


ROUTES: Routes = (
    ("GET", _PATH, show_duo),
    ("GET", f"{_PATH}/guide", show_guide),
    ("POST", f"{_PATH}/log-in", log_in),
    ("POST", f"{_PATH}/begin", begin),
    ("POST", f"{_PATH}/next", play_next),
    ("POST", f"{_PATH}/reset", reset),
)
