"""How many values a JSON body holds, counted while it comes.

A reader of JSON makes an object of each value before anything can be judged, and says one sentence of each that is wrong: a body of
nothing but small values costs seconds where one long text costs none. What stands in a text is not counted, so that any letter may be sent.
"""


class Values:
    """The values of one JSON text, as its pieces are fed; linear, and wrong JSON is counted as well as it can be."""

    def __init__(self) -> None:
        self.count = 0
        self._inside = False  # a text
        self._escape = b""  # the backslash that a piece ended in

    def feed(self, piece: bytes) -> int:
        """The count after one more piece: texts, names of members among them, and commas between values."""
        piece = self._escape + piece
        self._escape = b"\\" if (len(piece) - len(piece.rstrip(b"\\"))) % 2 else b""
        texts = piece.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')
        outside, quotes = texts[1 if self._inside else 0 :: 2], len(texts) - 1
        begun = quotes // 2 if self._inside else (quotes + 1) // 2
        self.count += begun + sum(text.count(b",") for text in outside)
        self._inside ^= quotes % 2 == 1
        return self.count
