"""Rights and roles, in the words that people read on pages."""

from mss_sim.vocabulary.mailboxes import HolderRole, Right
from mss_sim.words.sentence import Sentence, say

RIGHTS: dict[Right, Sentence] = {
    Right.SEE: say("see"),
    Right.READ: say("read letters"),
    Right.MARK: say("mark"),
    Right.FILE: say("file"),
    Right.DELETE: say("delete"),
    Right.SEND_ON_BEHALF: say("write on behalf of"),
    Right.SEND_AS: say("write as"),
    Right.CLOSE: say("close exchanges"),
    Right.MANAGE: say("delegate"),
}
ROLES: dict[HolderRole, Sentence] = {
    HolderRole.OWNER: say("holder"),
    HolderRole.RESPONSIBLE: say("responsible"),
    HolderRole.CO_HOLDER: say("co-holder"),
}
