"""Octets and the charset that their sender names, as text: one rule for bodies, headers and file names.

| what came                                        | is read as                                                     |
|--------------------------------------------------|----------------------------------------------------------------|
| octets that are true to their charset            | that charset                                                   |
| `iso-8859-1`, `gb2312`, `ks_c_5601-1987` and such | the wider charset that programs mean by that name (ref: whatwg-encoding#4.2) |
| `x-mac-roman`, `cp-850`, `windows-874`           | the charset without the prefix                                 |
| octets that belie it, or no charset that is known | UTF-8, and Windows-1252 where an octet is none: nothing is lost |
"""

import codecs
import encodings
import encodings.aliases
import pkgutil
import re
from functools import lru_cache

_CHARSET_CHARS_MAX = 40
_CODECS = frozenset(encodings.aliases.aliases) | {module.name for module in pkgutil.iter_modules(encodings.__path__)}
"""The charsets that Python can decode. Unknown names must not be looked up: Python remembers each, and first searches for a module."""
_NO_CHARSETS = frozenset({"idna", "punycode", "undefined", "unicode_escape", "raw-unicode-escape", "unicode-escape"})
"""Codecs of Python that are not charsets of mail; some of them raise or execute escapes."""
_WIDER = {
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
}
_CODE_PAGE = re.compile(r"(?:x-)?(?:cp|windows|ibm|dos)[-_]?(\d{1,5})\Z", re.IGNORECASE | re.ASCII)
_NO_UTF8 = re.compile("[\udc80-\udcff]")
_WINDOWS = {chr(0xDC00 + octet): bytes([octet]).decode("cp1252", "ignore") or chr(octet) for octet in range(0x80, 0x100)}


def text_in(octets: bytes, charset: str, errors: str) -> str:
    """The text of octets in a charset of mail; LookupError when there is no such charset."""
    return octets.decode(_codec(charset), errors)


def text_of_octets(octets: bytes, charset: str | None) -> str:
    """The text of octets by the rule above; never raises."""
    try:
        return text_in(octets, charset or "utf-8", "strict")
    except (LookupError, ValueError):
        return _NO_UTF8.sub(lambda found: _WINDOWS[found[0]], octets.decode("utf-8", "surrogateescape"))


@lru_cache(maxsize=256)
def _codec(charset: str) -> str:
    code_page = _CODE_PAGE.match(charset)
    named = f"cp{code_page[1]}" if code_page else charset
    if not _is_known(named):
        named = named[2:] if named[:2] in ("x-", "X-") else named
        if not _is_known(named):
            raise LookupError(charset)
    name = codecs.lookup(named).name
    if name in _NO_CHARSETS:
        raise LookupError(charset)
    return _WIDER.get(name, name)


def _is_known(charset: str) -> bool:
    return encodings.normalize_encoding(charset[:_CHARSET_CHARS_MAX]).lower().replace(".", "_") in _CODECS
