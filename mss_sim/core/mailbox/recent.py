"""Which messages of a folder no session has been told of yet: what IMAP4rev1 calls \\Recent (ref: rfc3501#2.3.2).

The first session that opens a folder for writing after a message came, or has it open, is the one that sees it recent. UIDs only grow,
so one number for each folder says it all. It is kept by the process, not in the store: after a start everything is recent once more,
as the RFC wants it where the server cannot tell.
"""

from collections import OrderedDict

_FOLDERS_MAX = 100_000


class Recent:
    """The first UID of each folder that no session was told of."""

    def __init__(self) -> None:
        self._first: OrderedDict[int, int] = OrderedDict()

    def first(self, folder_id: int) -> int:
        """The first UID that is still recent; nothing changes."""
        return self._first.get(folder_id, 1)

    def claim(self, folder_id: int, uid_next: int) -> int:
        """The same; what is below `uid_next` is then recent in no other session."""
        first = self.first(folder_id)
        if uid_next > first:
            self._first[folder_id] = uid_next
            self._first.move_to_end(folder_id)
            if len(self._first) > _FOLDERS_MAX:
                self._first.popitem(last=False)
        return first

    def forget(self) -> None:
        """Nothing was told to anybody: the world is a new one."""
        self._first.clear()
