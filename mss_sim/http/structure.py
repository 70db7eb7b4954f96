"""How many values a JSON body holds, counted while it is received.

A JSON parser creates an object for each value before anything can be validated, and reports each wrong one with a sentence: a body of
many small values costs seconds where one long text costs none. The content of texts is not counted, so that any letter may be sent.
"""


class Values:
    """The values of one JSON text, as its pieces are fed; linear, and invalid JSON is counted as well as possible."""

    def __init__(self) -> None:
        self.count = 0
        self._inside = False  # within a text
        self._escape = b""  # the backslash at the end of a piece

    def feed(self, piece: bytes) -> int:
        """The count after one more piece: texts, including names of members, and commas between values."""
        piece = self._escape + piece
        self._escape = b"\\" if (len(piece) - len(piece.rstrip(b"\\"))) % 2 else b""
        texts = piece.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')
        outside, quotes = texts[1 if self._inside else 0 :: 2], len(texts) - 1
        begun = quotes // 2 if self._inside else (quotes + 1) // 2
        self.count += begun + sum(text.count(b",") for text in outside)
        self._inside ^= quotes % 2 == 1
        return self.count
