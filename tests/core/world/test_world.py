"""What every verb needs of a world."""

from tests.core.towns import OpenTown


async def test_what_a_message_may_hold_here_is_told_by_the_settings(open_town: OpenTown) -> None:
    settings = {
        "message_header_size_bytes_max": 2_000,
        "message_header_count_max": 30,
        "message_mime_parts_max": 4,
        "message_mime_depth_max": 5,
        "search_text_chars_max": 6,
    }
    async with open_town(**settings) as town:
        limits = town.world.parse_limits
        assert (limits.header_size_bytes, limits.header_count, limits.parts, limits.depth, limits.search_text_chars) == (2_000, 30, 4, 5, 6)
