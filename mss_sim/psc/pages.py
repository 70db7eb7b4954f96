"""The HTML: no JavaScript, no request to anywhere. Every text that comes from outside is escaped."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from starlette.responses import Response

from mss_sim.core.psc.ciba import CibaRequest as Approval
from mss_sim.core.world.store_types import Identity
from mss_sim.http.page import page
from mss_sim.http.reader import Reader
from mss_sim.vocabulary.psc import AuthMode
from mss_sim.words.sentence import Sentence, joined, say

_LISTED_MAX = 500
_MODES = {AuthMode.CARD: say("CPS or CPE card"), AuthMode.MOBILE: say("e-CPS application")}


def message(reader: Reader, title: Sentence, text: Sentence, *, status: int = 200, detail: Sentence | None = None) -> Response:
    """A page that says one thing; `detail` is for developers."""
    more = f'<p class="note">{reader.html(detail)}</p>' if detail else ""
    return page(reader, title, f"<p>{reader.html(text)}</p>{more}", status=status)


def log_in(
    reader: Reader,
    client_name: str,
    people: Sequence[Identity],
    chosen: str | None,
    key: str,
    ways: Sequence[AuthMode],
    *,
    wrong: Sentence | None = None,
    mode: AuthMode | None = None,
    typed: str = "",
) -> Response:
    """Choose who logs in and with which of these ways, approve or refuse."""
    shown = list(people[:_LISTED_MAX])
    shown += [one for one in people[_LISTED_MAX:] if one.idnat == chosen]
    html = reader.html
    other = (
        f'<label>{html(say("or their idNat"))}<br><input name="other" value="{escape(typed)}"></label>'
        if typed or len(people) > _LISTED_MAX
        else ""
    )
    options = "".join(
        f'<option value="{escape(one.idnat)}"{" selected" if one.idnat == chosen else ""}>{html(_told(one))}</option>' for one in shown
    )
    modes = "".join(
        '<label class="check"><input type="radio" name="mode" '
        f'value="{one.value}"{" checked" if one is (mode or ways[0]) else ""}> {html(_MODES[one])}</label>'
        for one in ways
    )
    warning = f'<p class="faults" role="alert">{html(wrong)}</p>' if wrong else ""
    content = (
        f"<p><strong>{escape(client_name)}</strong> {html(say('asks to know who you are as a professional.'))}</p>{warning}"
        f'<form method="post" action="/auth/login?ui_locales={reader.language}">{_hidden("key", key)}'
        f'<label>{html(say("Professional"))}<br><select name="identity">{options}</select></label>{other}'
        f"<fieldset><legend>{html(say('Means of identification'))}</legend>{modes}</fieldset>"
        f"{_decision(reader, say('Log in'))}</form>"
    )
    return page(reader, say("Log-in"), content, status=400 if wrong else 200)


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'


def _decision(reader: Reader, approve: Sentence) -> str:
    """The two buttons of the person who is asked."""
    refuse = f'<button class="quiet" name="decision" value="refuse">{reader.html(say("Refuse"))}</button>'
    return f'<p class="acts"><button name="decision" value="approve">{reader.html(approve)}</button>{refuse}</p>'


def _told(identity: Identity) -> Sentence:
    words = [identity.name, identity.profession, identity.idnat, say("anonymous card") if identity.anonymous_card else ""]
    return joined((word for word in words if word), " · ")


_GIVEN = {
    "code": say("the code, to be exchanged for tokens"),
    "state": say("what the application had given, as it was"),
    "iss": say("who gave the code"),
    "session_state": say("the session of Pro Santé Connect"),
    "error": say("the error"),
    "error_description": say("what is to be mended"),
}


def callback(reader: Reader, given: Mapping[str, str], command: str, seconds: int) -> Response:
    """What Pro Santé Connect gave a client by way of the browser, and the command that goes on with it."""
    html, title = reader.html, say("Back from Pro Santé Connect")
    rows = "".join(
        f'<tr><th scope="row"><code>{name}</code></th>'
        f'<td><code>{escape(given[name])}</code><br><span class="note">{html(text)}</span></td></tr>'
        for name, text in _GIVEN.items()
        if name in given
    )
    if not rows:
        return message(
            reader, title, say("Nothing was given: this is the page that Pro Santé Connect sends the browser to after a log-in.")
        )
    secret = html(say("psc.client_secret of the file ready.json"))
    note = f'<p class="note"><code>$SECRET</code>: {secret}</p>'
    once = html(say("Within {seconds} s, and only once:", seconds=seconds))
    further = f"<p>{once}</p><pre><code>{escape(command)}</code></pre>{note}" if "code" in given else ""
    about = html(say("This is what your application would get, if this redirect URI were its own."))
    return page(reader, title, f'<p>{about}</p><table class="fields">{rows}</table>{further}')


def approvals(reader: Reader, requests: Iterable[Approval], form_token: str) -> Response:
    """The requests that wait on somebody's card or phone."""
    html = reader.html
    rows = "".join(
        f'<form method="post" action="/auth/approvals?ui_locales={reader.language}">{_hidden("form_token", form_token)}'
        f"{_hidden('id', one.id)}<p><strong>{escape(one.name)}</strong> ({escape(one.idnat)})<br>"
        f"{escape(one.client_id)}, {html(_MODES[one.channel])}, code <strong>{escape(one.binding_message)}</strong></p>"
        f"{_decision(reader, say('Approve'))}</form>"
        for one in requests
    )
    return page(reader, say("Requests that wait"), rows or f"<p>{html(say('No request waits.'))}</p>")


def confirm_log_out(reader: Reader, form_token: str, hidden: dict[str, str]) -> Response:
    """Ask before a session is ended by somebody who brought no ID token."""
    fields = "".join(_hidden(name, value) for name, value in hidden.items())
    content = (
        f'<p>{reader.html(say("Do you want to log out?"))}</p><form method="post">{_hidden("form_token", form_token)}'
        f"{fields}<button>{reader.html(say('Log out'))}</button></form>"
    )
    return page(reader, say("Log-out"), content)
