"""JSON that was written before is found again by what it shows, and no more of it is kept than was allowed."""

import orjson

from mss_sim.http.written import Written


def test_a_piece_is_found_by_what_it_shows() -> None:
    written = Written()
    assert written.get(("a", 1)) is None
    piece = written.write(("a", 1), {"shown": ["é"]})
    assert written.get(("a", 1)) is piece
    assert written.get(("a", 2)) is None
    assert orjson.loads(orjson.dumps({"all": [piece]})) == {"all": [{"shown": ["é"]}]}


def test_no_more_is_kept_than_was_allowed() -> None:
    written = Written(bytes_max=100)
    for number in range(50):
        written.write(number, "x" * 38)
    assert [number for number in range(50) if written.get(number)] == [48, 49]
    whole = written.write("whole", "x" * 1_000)
    assert orjson.loads(orjson.dumps(whole)) == "x" * 1_000
