"""Connections of the nodes front: how many there are, and how long one may take to say something.

Who connects and says nothing, or says it a byte at a time, holds up nobody: a request has an
instant by which it must be there, and where there are too many connections, the one that has waited
longest is hung up on.
"""

import io
import socket
import threading
import time
from contextlib import suppress
from typing import Protocol


class Reads(Protocol):
    """What bytes come from."""

    def settimeout(self, value: float | None, /) -> None:
        """Set how many seconds the next call may take."""

    def recv_into(self, buffer: bytearray | memoryview, /) -> int:
        """Put into a buffer what has come; return how much it is."""


class Connections:
    """The connections that are open, and which of them wait for their client.

    Attributes:
        most: how many there may be at a time.
    """

    def __init__(self, most: int) -> None:
        """Begin without any."""
        self.most = most
        self._lock = threading.Lock()
        self._waiting: dict[socket.socket, None] = {}  # The longest first.
        self._working: set[socket.socket] = set()

    def enter(self, connection: socket.socket) -> bool:
        """Take a new one, if need be in the place of the one that has waited longest.

        Returns: whether there is room; there is none where all are being answered.
        """
        with self._lock:
            if len(self._waiting) + len(self._working) >= self.most:
                if not self._waiting:
                    return False
                self._hang_up(next(iter(self._waiting)))
            self._waiting[connection] = None
            return True

    def works(self, connection: socket.socket) -> None:
        """Note that a request is there, and is being answered."""
        with self._lock:
            if connection in self._waiting:
                del self._waiting[connection]
                self._working.add(connection)

    def waits(self, connection: socket.socket) -> None:
        """Note that the client has to say something again, or to take its answer."""
        with self._lock:
            if connection in self._working:
                self._working.remove(connection)
                self._waiting[connection] = None

    def leave(self, connection: socket.socket) -> None:
        """Forget one; it is closed after this, and not before."""
        with self._lock:
            self._waiting.pop(connection, None)
            self._working.discard(connection)

    def _hang_up(self, connection: socket.socket) -> None:
        del self._waiting[connection]
        with suppress(OSError):
            # Its own thread sees that nothing comes any more, and closes it. It is the connection
            # that is ended, and nothing of TLS is said: its state is that thread's.
            socket.socket.shutdown(connection, socket.SHUT_RDWR)


class Timed(io.RawIOBase):
    """What a connection sends: each request within a time of its own, from its first byte on."""

    def __init__(self, connection: Reads) -> None:
        """Read from a connection."""
        super().__init__()
        self._connection = connection
        self._until = float("-inf")
        self._whole: float | None = None

    def begin(self, idle: float, whole: float) -> None:
        """Let the next request begin within `idle` seconds, and be there `whole` seconds later."""
        self._until, self._whole = time.monotonic() + idle, whole

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]  # typeshed's Buffer
        """Put into a buffer what has come.

        Raises:
            TimeoutError: the request is not there in time.
        """
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the request did not come in time")
        self._connection.settimeout(left)
        size = self._connection.recv_into(buffer)
        if self._whole is not None:
            self._until, self._whole = time.monotonic() + self._whole, None
        return size
