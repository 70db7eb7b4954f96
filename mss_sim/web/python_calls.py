"""The same request in Python: a command of curl, as pages show it, told with httpx."""

import html
import json
import shlex

_ACCOUNT = {"-u", "--user"}
_METHOD = {"-X", "--request"}
_FIELD = {"-H", "--header"}
_BODY = {"-d", "--data", "--json"}
_FILE = {"-o", "--output"}


def in_python(commands: str) -> str:
    """What does the same as one or several commands of curl; lines that are none are left out. The text is that of a template, escaped."""
    lines = html.unescape(str(commands)).replace("\\\n", " ").splitlines()
    return "\n".join(["import httpx", "", *(_call(words[1:]) for words in map(_words, lines) if words[:1] == ["curl"])])


def _words(line: str) -> list[str]:
    """The words of a line as a shell reads it; none of one that it would go on reading."""
    try:
        return shlex.split(line)
    except ValueError:
        return []


def _call(words: list[str]) -> str:
    """One request. What has a body is a POST, unless a method is named."""
    method, url, given, headers, file = "", "", list[str](), dict[str, str](), ""
    rest = iter(words)
    for word in rest:
        if word in _ACCOUNT:
            given.append(f"auth={tuple(next(rest, '').split(':', 1))!r}")
        elif word in _METHOD:
            method = next(rest, "")
        elif word in _FIELD:
            name, _, value = next(rest, "").partition(":")
            headers[name] = value.strip()
        elif word in _BODY:
            given.append(_body(next(rest, "")))
            method = method or "POST"
        elif word in _FILE:
            file = next(rest, "")
        elif not word.startswith("-"):
            url = word
    if any(one.startswith("json=") for one in given):
        headers = {name: value for name, value in headers.items() if name.lower() != "content-type"}
    if headers:
        given.append(f"headers={headers!r}")
    asked = f"httpx.request({', '.join([repr(method or 'GET'), repr(url), *given])})"
    return f"open({file!r}, 'wb').write({asked}.content)" if file else f"print({asked}.text)"


def _body(text: str) -> str:
    try:
        return f"json={json.loads(text)!r}"
    except ValueError:
        return f"content={text!r}"
