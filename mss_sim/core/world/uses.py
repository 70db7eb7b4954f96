"""Which mailboxes somebody uses. This is the one place that says what a use is:

- somebody logs in to it over SMTP or IMAP (`access/authentication`);
- somebody does anything in it that passes the gate: lists, reads, files, deletes (`access/gate`);
- somebody sends from it (`mailflow/senders`).

Letters that arrive are no use, nor is what the control plane does, nor a look at who holds the mailbox. A use is noted at most once a
day and written down after the act, so that an act does not wait for it; notes are made by any thread.
"""

from mss_sim.clock import DAY, Micros, WorldClock

_KEPT_MAX = 100_000


class Uses:
    """The uses of one world that are still to be written down."""

    def __init__(self, clock: WorldClock) -> None:
        self._clock = clock
        self._noted: dict[int, Micros] = {}
        self._new: dict[int, Micros] = {}

    def note(self, mailbox_id: int) -> None:
        """Somebody uses that mailbox now."""
        now = self._clock.now()
        last = self._noted.get(mailbox_id)
        if last is not None and last <= now < last + DAY:
            return
        if len(self._noted) >= _KEPT_MAX:
            self._noted.clear()
        self._noted[mailbox_id] = self._new[mailbox_id] = now

    def forget(self) -> None:
        """Nothing was used yet."""
        self._noted.clear()
        self._new.clear()

    def take(self) -> dict[int, Micros]:
        """What is still to be written down: mailboxes, and when they were used."""
        taken = {}
        while self._new:  # not swapped: another thread may be adding
            mailbox_id, at = self._new.popitem()
            taken[mailbox_id] = at
        return taken
