"""The API: where it is, who asks, and what it answers.

`PALYRA_URL` and `PALYRA_TOKEN` name it; without them it is the local cloud, which says in
`up.json` of its state folder (`STATE`, or `.palyra`) how to reach it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from cli.problem import Exit, Problem

_SECONDS = 30.0
_MOST_A_PAGE = 200
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Address(NamedTuple):
    """Where the API is, and the token to show it."""

    url: str
    token: str


class Answer(NamedTuple):
    """What the API answered, and whether something was made by it."""

    document: dict[str, Any]
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """The routes of `/v1`, as one principal sees them."""

    http: httpx.Client

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """Return what a path shows; parameters that are None are left out.

        Raises:
            Problem: it was refused, or nobody answered.
        """
        given = {name: value for name, value in query.items() if value is not None}
        return self._call("GET", path, params=given).document

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return what came of an order.

        Raises:
            Problem: it was refused, or nobody answered.
        """
        how = {} if body is None else {"json": body}
        return self._call("POST", path, **how).document

    def make(self, path: str, body: Mapping[str, Any]) -> Answer:
        """Return what was made, or is there already.

        Raises:
            Problem: it was refused, or nobody answered.
        """
        return self._call("POST", path, json=body)

    def listed(self, path: str, most: int | None, **query: Any) -> dict[str, Any]:
        """Return the first items of a list in the shape of one page, all of them for None.

        A page may be short although others follow.
        """
        items: list[Any] = []
        cursor: str | None = None
        while True:
            left = _MOST_A_PAGE if most is None else most - len(items)
            page = self.get(path, **query, cursor=cursor, limit=min(left, _MOST_A_PAGE))
            items += page["items"]
            cursor = page["next"]
            if cursor is None or len(items) == most:
                return {"items": items, "next": cursor}

    def _call(self, method: str, path: str, **how: Any) -> Answer:
        try:
            answer = self.http.request(method, path, **how)
        except httpx.RequestError as error:
            raise self._unreachable(method, error) from error
        try:
            document = answer.json()
        except ValueError:
            document = None
        if not isinstance(document, dict):
            detail = f"{self.http.base_url} answered with {answer.status_code}, not as Palyra does"
            raise Problem.of(Exit.UNAVAILABLE, detail, "check PALYRA_URL")
        if answer.is_success:
            return Answer(document, is_new=answer.status_code == HTTPStatus.CREATED)
        raise Problem.answered(answer.status_code, document)

    def _unreachable(self, method: str, error: Exception) -> Problem:
        fix = "start it with `make up`, or check PALYRA_URL"
        if method == "POST" and not isinstance(error, httpx.ConnectError):
            fix = "it may have been done all the same: look before you try again"
        reason = str(error) or type(error).__name__
        return Problem.of(Exit.UNAVAILABLE, f"{self.http.base_url} does not answer: {reason}", fix)


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
    is_local = url.host in _LOOPBACK
    if url.scheme == "http" and not is_local:
        detail = f"{address.url} would carry the token in clear text"
        raise Problem.of(Exit.USAGE, detail, "use an https:// address")
    headers = {"Authorization": f"Bearer {address.token}", "Accept": "application/json"}
    # A proxy of the environment cannot reach this machine's own ports.
    http = httpx.Client(base_url=url, headers=headers, timeout=_SECONDS, trust_env=not is_local)
    return Api(http=http)


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
