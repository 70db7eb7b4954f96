"""By which index a question walks that is asked of every relayed letter: what a mailbox has sent grows without end."""

from sqlalchemy import Connection

from mss_sim.store import submissions
from mss_sim.store.compiled import HotQuery
from tests.conftest import StartSimulator


def _plan(conn: Connection, query: HotQuery) -> str:
    sql = str(query._statement.compile(dialect=conn.dialect))  # noqa: SLF001 - the statement is asked for its plan, not run
    return " / ".join(str(row[-1]) for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", ("x",) * sql.count("?")))


async def test_whether_a_letter_left_here_is_asked_by_its_message_id(start: StartSimulator) -> None:
    async with start(seed="none") as world:
        plan = await world.core.world.store.read(_plan, submissions._LEFT_AS)  # noqa: SLF001
    assert plan.startswith("SEARCH messages USING INDEX ix_messages_rfc_message_id"), plan
    assert "SCAN" not in plan
