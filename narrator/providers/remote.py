"""A provider whose service is elsewhere: reached when there is something to ask of it, and not before."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Generic, NoReturn, Protocol, TypeVar

from narrator.casting import Role, ServiceStatus
from narrator.errors import ProviderError

if TYPE_CHECKING:
    from narrator.transport import Patience


class Reached(Protocol):
    """A service that is being spoken to."""

    @property
    def requests(self) -> int:
        """HTTP requests made so far, those that failed included."""
        ...

    def stop(self) -> None:
        """Begin no further attempt; what is in flight comes to its end."""
        ...

    def close(self) -> None:
        """Let go of the connections; harmless twice."""
        ...


S = TypeVar("S", bound=Reached)


class Remote(ABC, Generic[S]):
    """What all such providers have in common. Safe to use from several threads."""

    name: ClassVar[str]
    status: ClassVar[ServiceStatus]

    def __init__(self, patience: Patience | None) -> None:
        """
        Args:
            patience: limits of its calls in time and number, where not the usual ones.
        """
        self._patience = patience
        self._service: S | None = None
        self._stopped = self._closed = False
        self._lock = threading.Lock()

    @property
    def requests(self) -> int:
        """HTTP requests made so far, those that failed and those that are free included."""
        return self._service.requests if self._service else 0

    def rehearse(self, roles: tuple[Role, ...], language: str) -> NoReturn:  # noqa: ARG002 - nobody's
        """Not here: a rehearsal costs nothing."""
        raise ProviderError("it costs money; rehearse with the embedded voice", provider=self.name)

    def stop(self) -> None:
        """Begin no further attempt; what is in flight comes to its end."""
        with self._lock:
            self._stopped = True
            if self._service is not None:
                self._service.stop()

    def close(self) -> None:
        """Let go of the connections; harmless twice."""
        with self._lock:
            self._closed = True
            if self._service is not None:
                self._service.close()

    def _reach(self) -> S:
        """The service, once there is something to ask of it."""
        with self._lock:
            if self._closed or self._stopped:
                raise ProviderError("already closed" if self._closed else "stopped", provider=self.name)
            if self._service is None:
                # It takes longer to import than most runs that find nothing to record.
                from narrator.transport import Patience

                self._service = self._opened(self._patience or Patience())
            return self._service

    @abstractmethod
    def _opened(self, patience: Patience) -> S:
        """The service, which is imported here and not above."""
