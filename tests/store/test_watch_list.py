"""By which index the watch list is read: it is asked for a page among all that a mailbox ever sent."""

import pytest
from sqlalchemy import Connection

from mss_sim.store import watch_digests, watch_list
from mss_sim.store.compiled import HotQuery
from tests.conftest import StartSimulator


def _plan(conn: Connection, query: HotQuery) -> str:
    sql = str(query._statement.compile(dialect=conn.dialect))  # noqa: SLF001 - the statement is asked for its plan, not run
    return " / ".join(str(row[-1]) for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", (1,) * sql.count("?")))


@pytest.mark.parametrize("asked_only", [False, True])
async def test_a_page_walks_one_range_of_one_index_and_sorts_nothing(start: StartSimulator, asked_only: bool) -> None:
    async with start(seed="none") as world:
        plan = await world.core.world.store.read(_plan, watch_list._of_state(asked_only=asked_only))  # noqa: SLF001
    index = "ix_watch_list_mailbox_id_on_paper_state_event_id"
    assert plan == f"SEARCH watch_list USING INDEX {index} (mailbox_id=? AND on_paper=? AND state=? AND event_id<?)"


async def test_the_next_daily_letter_is_found_without_looking_at_the_others(start: StartSimulator) -> None:
    async with start(seed="none") as world:
        plan = await world.core.world.store.read(_plan, watch_digests._NEXT)  # noqa: SLF001
    assert plan.startswith("SEARCH watch_digests USING COVERING INDEX ix_watch_digests_next_at")
