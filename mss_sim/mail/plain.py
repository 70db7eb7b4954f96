"""Text for readers that speak ASCII alone: replies of SMTP, responses of IMAP."""

import unicodedata

_SPELLED = str.maketrans(
    {
        "œ": "oe",
        "Œ": "OE",
        "æ": "ae",
        "Æ": "AE",
        "ß": "ss",
        "ø": "o",
        "Ø": "O",
        "ł": "l",
        "Ł": "L",
        "‘": "'",
        "’": "'",
        "“": '"',
        "”": '"',
        "«": '"',
        "»": '"',
        "‐": "-",
        "‑": "-",
        "–": "-",
        "—": "-",
        "€": "EUR",
    }
)
"""What Unicode does not take apart."""


def in_ascii(text: str) -> str:
    """The text without accents, with quotation marks and dashes as a keyboard has them; `?` for what has no such form."""
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFKD", text.translate(_SPELLED))
    return "".join(letter for letter in apart if not unicodedata.combining(letter)).encode("ascii", "replace").decode("ascii")
