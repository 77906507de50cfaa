"""One HTTP request to a port of this machine, for the sake of its status."""

import http.client
from contextlib import closing

from infra.local.place import LOOPBACK


def status_of(method: str, port: int, path: str, *, seconds: float) -> int | None:
    """Return the status of the answer, or None where nothing answered in time."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=seconds)
    with closing(connection):
        try:
            connection.request(method, path)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
