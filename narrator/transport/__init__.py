"""One HTTP transport for every speech service: connections, limits in time and size, retries and pace.

    patience     how long, how often and how much; what a service asks for in its headers
    limiter      how many requests are in flight, shared by all threads
    charges      what a request costs, and where it is written down
    losses       attempts that came to nothing, and what may follow from them
    verdicts     what a status means
    network      the connections to one service
    exchange     one request and its answer, held to its limits
    address      what a base URL may be
    download     files that a service says lie elsewhere
    redaction    no key in any text
    client       `Transport`, which puts these in order

httpx and tenacity are imported here and nowhere else. They are slow to import, so this package is
imported only by modules that are themselves imported when a service is about to be used.
"""

from narrator.transport.charges import Charge, Entry
from narrator.transport.client import Judge, Transport
from narrator.transport.download import Downloads, FileLost
from narrator.transport.exchange import Pieces
from narrator.transport.losses import BrokenAnswer
from narrator.transport.patience import Patience

__all__ = [
    "BrokenAnswer",
    "Charge",
    "Downloads",
    "Entry",
    "FileLost",
    "Judge",
    "Patience",
    "Pieces",
    "Transport",
]
