"""The HTML: French, no JavaScript, no request to anywhere. Every text that comes from outside is escaped."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from starlette.responses import Response

from mss_sim.core.psc.ciba import CibaRequest as Approval
from mss_sim.core.world.store_types import Identity
from mss_sim.http.page import page
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.psc import AuthMode
from mss_sim.words.sentence import Sentence

_LISTED_MAX = 500
_MODES = {AuthMode.CARD: "Carte CPS ou CPE", AuthMode.MOBILE: "Application e-CPS"}


def message(title: str, text: str, *, status: int = 200, detail: Sentence | None = None) -> Response:
    """A page that says one thing; `detail` is for developers, in the language of all pages."""
    more = f'<p class="note">{escape(detail.in_language(Language.FR))}</p>' if detail else ""
    return page(title, f"<p>{escape(text)}</p>{more}", status=status)


def log_in(
    client_name: str,
    people: Sequence[Identity],
    chosen: str | None,
    key: str,
    ways: Sequence[AuthMode],
    *,
    wrong: str = "",
    mode: AuthMode | None = None,
    typed: str = "",
) -> Response:
    """Choose who logs in and with which of these ways, approve or refuse."""
    shown = list(people[:_LISTED_MAX])
    shown += [one for one in people[_LISTED_MAX:] if one.idnat == chosen]
    other = f'<label>ou son idNat<br><input name="other" value="{escape(typed)}"></label>' if typed or len(people) > _LISTED_MAX else ""
    options = "".join(
        f'<option value="{escape(one.idnat)}"{" selected" if one.idnat == chosen else ""}>{escape(_told(one))}</option>' for one in shown
    )
    modes = "".join(
        '<label class="check"><input type="radio" name="mode" '
        f'value="{one.value}"{" checked" if one is (mode or ways[0]) else ""}> {_MODES[one]}</label>'
        for one in ways
    )
    warning = f'<p class="faults" role="alert">{escape(wrong)}</p>' if wrong else ""
    content = (
        f"<p><strong>{escape(client_name)}</strong> demande à connaître votre identité professionnelle.</p>{warning}"
        f'<form method="post" action="/auth/login"><input type="hidden" name="key" value="{escape(key)}">'
        f'<label>Professionnel<br><select name="identity">{options}</select></label>{other}'
        f"<fieldset><legend>Moyen d’identification</legend>{modes}</fieldset>"
        '<p class="acts"><button name="decision" value="approve">Se connecter</button>'
        '<button class="quiet" name="decision" value="refuse">Refuser</button></p></form>'
    )
    return page("Connexion", content, status=400 if wrong else 200)


def _told(identity: Identity) -> str:
    words = [identity.name, identity.profession, identity.idnat, "carte anonyme" if identity.anonymous_card else ""]
    return " · ".join(word for word in words if word)


_GIVEN = {
    "code": "le code, à échanger contre des jetons",
    "state": "ce que l’application avait donné, tel quel",
    "iss": "qui a donné le code",
    "session_state": "la session de Pro Santé Connect",
    "error": "l’erreur",
    "error_description": "ce qui est à corriger",
}


def callback(given: Mapping[str, str], command: str, seconds: int) -> Response:
    """What Pro Santé Connect gave a client by way of the browser, and the command that goes on with it."""
    rows = "".join(
        f'<tr><th scope="row"><code>{name}</code></th><td><code>{escape(given[name])}</code><br><span class="note">{text}</span></td></tr>'
        for name, text in _GIVEN.items()
        if name in given
    )
    if not rows:
        text = "Rien n’a été donné : cette page est celle où Pro Santé Connect renvoie le navigateur après la connexion."
        return message("Retour de Pro Santé Connect", text)
    note = '<p class="note"><code>$SECRET</code> : <code>psc.client_secret</code> du fichier <code>ready.json</code>.</p>'
    further = f"<p>Sous {seconds} s, et une seule fois :</p><pre><code>{escape(command)}</code></pre>{note}" if "code" in given else ""
    text = "Voici ce que votre application recevrait, si cette adresse de retour était la sienne."
    return page("Retour de Pro Santé Connect", f'<p>{text}</p><table class="fields">{rows}</table>{further}')


def approvals(requests: Iterable[Approval], form_token: str) -> Response:
    """The requests that wait on somebody's card or phone."""
    rows = "".join(
        f'<form method="post" action="/auth/approvals"><input type="hidden" name="form_token" value="{escape(form_token)}">'
        f'<input type="hidden" name="id" value="{escape(one.id)}"><p><strong>{escape(one.name)}</strong> ({escape(one.idnat)}) : '
        f"{escape(one.client_id)}, {_MODES[one.channel]}, code <strong>{escape(one.binding_message)}</strong></p>"
        '<p class="acts"><button name="decision" value="approve">Approuver</button>'
        '<button class="quiet" name="decision" value="refuse">Refuser</button></p></form>'
        for one in requests
    )
    return page("Demandes en attente", rows or "<p>Aucune demande n’attend.</p>")


def confirm_log_out(form_token: str, hidden: dict[str, str]) -> Response:
    """Ask before a session is ended by somebody who brought no ID token."""
    fields = "".join(f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in hidden.items())
    content = (
        f'<p>Voulez-vous vous déconnecter ?</p><form method="post"><input type="hidden" name="form_token" value="{escape(form_token)}">'
        f"{fields}<button>Se déconnecter</button></form>"
    )
    return page("Déconnexion", content)
