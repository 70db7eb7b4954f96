"""What patients do by themselves: set, shown, and what they are about to do."""

from typing import Annotated, Any

from fastapi import Depends
from pydantic import Field
from starlette.responses import Response

from mss_sim.clock import iso
from mss_sim.core.mailbox import behaviours
from mss_sim.core.mailbox.mailboxes import get_mailbox
from mss_sim.core.world.store_types import Mailbox
from mss_sim.errors import Refusal, Rule
from mss_sim.http import examples
from mss_sim.http.answers import CONTROL, refusing
from mss_sim.http.control import require_control
from mss_sim.http.dependencies import CurrentCore, MailboxAddress
from mss_sim.http.routes import strict_router
from mss_sim.http.shapes import Flag, In, Json, OneLine, Out
from mss_sim.ids import encode
from mss_sim.mail.addresses import AddressError, canonical
from mss_sim.policy.behaviours import PRESETS, REACTIONS_MAX, STEPS_MAX, Behaviour, Reaction, Step, data_of
from mss_sim.vocabulary.behaviours import AnswerFile, AnswerTo, Occasion, ReceiptForm, StepAct
from mss_sim.words.sentence import joined, say, sentence_of

router = strict_router(
    prefix="/control",
    tags=["control: patients"],
    dependencies=[Depends(require_control)],
    responses=refusing(*CONTROL),
)
_FOUND = refusing(Rule.NOT_FOUND)
_SET = _FOUND | refusing(*CONTROL, Rule.LIMIT_REACHED)


class StepIn(In):
    """One thing that is done with the letter, so long after the one before."""

    act: StepAct = Field(examples=[StepAct.ANSWER])
    after: str = Field(default="PT0S", max_length=100, description="A duration of ISO 8601, from the step before on.", examples=["PT2H"])
    receipt: ReceiptForm = Field(default=ReceiptForm.CORRECT, description="What leaves as read receipt; for open and receipt.")
    text: str = Field(default="", max_length=100_000, description="Of an answer; empty: the usual one.", examples=["Merci docteur."])
    file: AnswerFile | None = Field(default=None, description="What an answer brings along.", examples=[None])
    to: AnswerTo = Field(default=AnswerTo.SENDER, description="Whom an answer goes to.")
    address: str | None = Field(default=None, max_length=320, description="Whom a letter is forwarded to.", examples=[None])
    rule: str = Field(default=Rule.UNKNOWN_MAILBOX.value, max_length=100, description="Why a letter bounces: the code of a refusal.")


class ReactionIn(In):
    """What is done on an occasion; what is not asked for fits every letter."""

    on: Occasion = Occasion.DELIVERED
    from_: str | None = Field(default=None, alias="from", max_length=320, description="The author's address.", examples=[None])
    subject: OneLine | None = Field(default=None, description="Words of the subject.", examples=[None])
    asks_receipt: Flag | None = Field(default=None, description="Whether it asks for a read receipt.", examples=[None])
    has_files: Flag | None = Field(default=None, description="Whether files came with it.", examples=[None])
    steps: list[StepIn] = Field(max_length=STEPS_MAX)


class BehaviourIn(In):
    """One of the two: a behaviour by its name, or its reactions; the first that matches is the one."""

    name: str | None = Field(default=None, max_length=100, examples=["opens-next-day"])
    reactions: Annotated[list[ReactionIn], Field(max_length=REACTIONS_MAX)] | None = Field(default=None, examples=[None])


class BehaviourOut(Out):
    """The behaviour of a mailbox."""

    name: str | None = Field(examples=["opens-next-day"])
    """Null where it has none of its own, or one that was written for it."""
    reactions: list[dict[str, Any]] = Field(examples=[[]])
    """What it does, the one of the world where it has none of its own."""


class PendingOut(Out):
    """Something that the holder of a mailbox is about to do."""

    id: str = Field(examples=[examples.ID])
    at: str = Field(examples=[examples.INSTANT])
    act: StepAct
    message: str = Field(examples=[examples.ID])
    """The letter that it is about."""
    step: dict[str, Any] = Field(examples=[{"act": "answer", "text": "Merci docteur."}])


def _reactions(wanted: list[ReactionIn]) -> Behaviour:
    return tuple(
        Reaction(
            steps=tuple(Step(**{**step.model_dump(), "address": _canonical(step.address)}) for step in one.steps),
            **one.model_dump(exclude={"steps"}),
        )
        for one in wanted
    )


def _canonical(text: str | None) -> str | None:
    try:
        return None if text is None else canonical(text)
    except AddressError as error:
        raise Refusal(Rule.INVALID, joined((sentence_of(error), ".")), subject="address", reference="rfc5321#4.1.2") from error


def _shown(rows: Behaviour) -> list[dict[str, Any]]:
    return [{"from" if name == "from_" else name: value for name, value in one.items()} for one in data_of(rows)]


def _behaviour(core: CurrentCore, mailbox: Mailbox) -> Response:
    own = mailbox.behaviour if mailbox.behaviour in PRESETS else None
    return Json({"name": own, "reactions": _shown(behaviours.of_mailbox(core.world, mailbox))})


@router.get("/behaviours", responses={200: {"model": dict[str, Any]}})
async def list_behaviours() -> Response:
    """The behaviours that have a name, with what they do."""
    return Json({name: _shown(rows) for name, rows in PRESETS.items()})


@router.get("/mailboxes/{address}/behaviour", responses={200: {"model": BehaviourOut}, **_FOUND})
async def get_behaviour(core: CurrentCore, address: MailboxAddress) -> Response:
    """What the holder of a mailbox does unasked."""
    return _behaviour(core, await get_mailbox(core.world, address))


@router.put("/mailboxes/{address}/behaviour", responses={200: {"model": BehaviourOut}, **_SET})
async def set_behaviour(core: CurrentCore, address: MailboxAddress, wanted: BehaviourIn) -> Response:
    """Give the holder of a mailbox a behaviour; what the one before had planned is forgotten."""
    if (wanted.name is None) == (wanted.reactions is None):
        raise Refusal(Rule.INVALID, say("Give one of the two: name, or reactions."))
    behaviour = wanted.name if wanted.reactions is None else _reactions(wanted.reactions)
    return _behaviour(core, await behaviours.set_behaviour(core.world, address, behaviour))


@router.delete("/mailboxes/{address}/behaviour", responses={200: {"model": BehaviourOut}, **_FOUND})
async def remove_behaviour(core: CurrentCore, address: MailboxAddress) -> Response:
    """Let a mailbox have the behaviour of the world again."""
    return _behaviour(core, await behaviours.set_behaviour(core.world, address, None))


@router.get("/mailboxes/{address}/pending", responses={200: {"model": list[PendingOut]}, **_FOUND})
async def list_pending(core: CurrentCore, address: MailboxAddress) -> Response:
    """What the holder of a mailbox is about to do, the next first."""
    rows = await behaviours.pending(core.world, address)
    return Json(
        [
            {"id": encode(row.id), "at": iso(row.due_at), "act": row.act.value, "message": encode(row.message_id), "step": row.detail}
            for row in rows
        ]
    )
