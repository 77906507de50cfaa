"""Where the API is, and who asks.

`PALYRA_URL` and `PALYRA_TOKEN` name it; without them it is the local cloud, which says in
`up.json` of its state folder (`STATE`, or `.palyra`) how to reach it.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import httpx

from cli.client import Api
from cli.problem import Exit, Problem

_SECONDS = 30.0
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_ACCEPTED = "application/json, application/problem+json"


class Address(NamedTuple):
    """Where the API is, and the token to show it."""

    url: str
    token: str


def connect(environment: Mapping[str, str]) -> Api:
    """Return the API that these variables lead to.

    Raises:
        Problem: they lead nowhere.
    """
    address = _named(environment) or _local(environment)
    try:
        url = httpx.URL(address.url)
    except httpx.InvalidURL as error:
        raise _bad_url(address.url) from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise _bad_url(address.url)
    is_local = is_loopback(address.url)
    if url.scheme == "http" and not is_local:
        detail = f"{address.url} would carry the token in clear text"
        raise Problem.of(Exit.USAGE, detail, "use an https:// address")
    headers = {"Authorization": f"Bearer {address.token}", "Accept": _ACCEPTED}
    # A proxy of the environment cannot reach this machine's own ports.
    http = httpx.Client(base_url=url, headers=headers, timeout=_SECONDS, trust_env=not is_local)
    return Api(http=http)


def is_loopback(url: str) -> bool:
    """Return whether an address is of this machine."""
    return httpx.URL(url).host in _LOOPBACK


def _named(environment: Mapping[str, str]) -> Address | None:
    url, token = environment.get("PALYRA_URL", ""), environment.get("PALYRA_TOKEN", "")
    if not url and not token:
        return None
    if not token or not token.isascii() or not token.isprintable():
        detail = "PALYRA_URL is set, but PALYRA_TOKEN holds no token"
        raise Problem.of(Exit.DENIED, detail, "set both, or neither for the local cloud")
    if not url:
        detail = "PALYRA_TOKEN is set, but PALYRA_URL is not"
        raise Problem.of(Exit.USAGE, detail, "set both, or neither for the local cloud")
    return Address(url, token)


def _local(environment: Mapping[str, str]) -> Address:
    up_file = Path(environment.get("STATE") or ".palyra") / "up.json"
    try:
        told = json.loads(up_file.read_text())
        return Address(str(told["api"]), str(told["token"]))
    except FileNotFoundError:
        detail = f"no Palyra is up here: there is no {up_file}"
    except (OSError, ValueError, KeyError, TypeError) as error:
        detail = f"{up_file} cannot be read: {error}"
    fix = "start the local cloud with `make up`, or set PALYRA_URL and PALYRA_TOKEN"
    raise Problem.of(Exit.UNAVAILABLE, detail, fix)


def _bad_url(url: str) -> Problem:
    return Problem.of(
        Exit.USAGE, f"{url!r} is not the address of an API", "use one as https://host/stage"
    )
