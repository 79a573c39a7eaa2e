"""Every request to a service, written down before it is sent and after it ends; and who records what.

Decision 9 (docs/decisions/0009-the-ledger.md) says why it is as it is.
"""

from narrator.ledger.accounts import LineAccount
from narrator.ledger.claims import Claim
from narrator.ledger.ledger import Ledger
from narrator.ledger.tally import Tally, read_spent, read_tally

__all__ = ["Claim", "Ledger", "LineAccount", "Tally", "read_spent", "read_tally"]
