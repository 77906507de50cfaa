"""Where the API is, as whoever calls it reaches it."""

import re

from chalice.app import Request

_LOOPBACK = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?")
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?|\[[0-9a-f:]{2,39}\](?::[0-9]{1,5})?")


def api_url(request: Request, route: str) -> str:
    """Return the address that `/v1` follows.

    Args:
        request: one that was made of it, or of a page beside it.
        route: the path of that request's route, which has no parameters.
    """
    host = str(request.headers.get("host", ""))
    if not _HOST.fullmatch(host):
        host = str((request.context or {}).get("domainName", "localhost"))
    if _LOOPBACK.fullmatch(host):
        # The local front has it at its root, and the emulator behind it below its stage.
        return f"http://{host}"
    path = str((request.context or {}).get("path", ""))
    return f"https://{host}{path.removesuffix(route) if path.endswith(route) else ''}"
