"""Commands of curl as pages show them, told in Python; what is told can be run."""

import ast

import pytest
from markupsafe import escape

from mss_sim.web.python_calls import in_python

_URL = "http://127.0.0.1:8080/control/faults"


@pytest.mark.parametrize(
    ("curl", "python"),
    [
        (f"curl {_URL}", f"print(httpx.request('GET', '{_URL}').text)"),
        (f"curl -X DELETE {_URL}/x", f"print(httpx.request('DELETE', '{_URL}/x').text)"),
        (
            f'curl -u LOGIN:PASS:WORD -X PUT {_URL} -H \'Content-Type: application/json\' -d \'{{"by": "P7D", "none": null}}\'',
            f"print(httpx.request('PUT', '{_URL}', auth=('LOGIN', 'PASS:WORD'), json={{'by': 'P7D', 'none': None}}).text)",
        ),
        (
            f"curl --header 'Idempotency-Key: a-1' --json '{{\"text\": \"…\"}}' \\\n  {_URL}",
            f"print(httpx.request('POST', '{_URL}', json={{'text': '…'}}, headers={{'Idempotency-Key': 'a-1'}}).text)",
        ),
        (f"curl -d 'no JSON' {_URL}", f"print(httpx.request('POST', '{_URL}', content='no JSON').text)"),
        (f"curl {_URL} -o a.zip", f"open('a.zip', 'wb').write(httpx.request('GET', '{_URL}').content)"),
        (
            f"curl {_URL}?a=1&b=<i>\nmss-sim report\ncurl {_URL}",
            f"print(httpx.request('GET', '{_URL}?a=1&b=<i>').text)\nprint(httpx.request('GET', '{_URL}').text)",
        ),
        ("curl 'never closed", ""),
        ("curl -u", "print(httpx.request('GET', '', auth=('',)).text)"),
        ("", ""),
    ],
)
def test_a_command_is_told_in_python(curl: str, python: str) -> None:
    told = in_python(escape(curl))
    assert told == f"import httpx\n\n{python}".rstrip("\n") + ("\n" if not python else "")
    ast.parse(told)
