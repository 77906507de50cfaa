"""What the API answers to a request."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NamedTuple
from uuid import uuid4

import httpx

from cli.problem import Exit, Problem

_MOST_A_PAGE = 200
_REPEATS = 2
_NEW = frozenset({HTTPStatus.CREATED, HTTPStatus.ACCEPTED})
_LOOK_FIRST = "it may have been done all the same: look before you try again"
_REPEAT_SAFELY = "it may have been done all the same; repeat it safely with --idempotency-key {}"


class Answer(NamedTuple):
    """What the API answered.

    Attributes:
        is_new: whether something was made by it.
        etag: what the document's next version will not have, or None.
    """

    document: dict[str, Any]
    is_new: bool = False
    etag: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """The routes of `/v1`, as one principal sees them.

    Each method raises `Problem` for what was refused, and where nobody answered.
    """

    http: httpx.Client

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """Return what a path shows; parameters that are None are left out."""
        return self._call("GET", path, params=_given(query)).document

    def changed(self, path: str, etag: str | None, **query: Any) -> Answer | None:
        """Return what a path shows, or None while it is what had this ETag."""
        headers = _given({"If-None-Match": etag})
        answer = self._send("GET", path, params=_given(query), headers=headers)
        if answer.status_code == HTTPStatus.NOT_MODIFIED:
            return None
        return self._read(answer)

    def post(
        self, path: str, body: Mapping[str, Any] | None = None, *, version: int | None = None
    ) -> dict[str, Any]:
        """Return what came of an order; only if this is the version still, where one is given."""
        headers = _given({"If-Match": None if version is None else f'"{version}"'})
        return self._call("POST", path, headers=headers, **_json(body)).document

    def make(
        self, path: str, body: Mapping[str, Any] | None = None, *, key: str | None = None
    ) -> Answer:
        """Return what was made, or is there already.

        Its Idempotency-Key, a random one where none is given, makes it safe to repeat the order
        when the answer is lost, which is done twice.
        """
        key = key or str(uuid4())
        how = {"headers": {"Idempotency-Key": key}, **_json(body)}
        for _ in range(_REPEATS):
            try:
                return self._call("POST", path, **how)
            except Unanswered:
                continue
        try:
            return self._call("POST", path, **how)
        except Unanswered as lost:
            raise lost.with_fix(_REPEAT_SAFELY.format(key)) from lost

    def edit(
        self, path: str, body: Mapping[str, Any], *, version: int | None = None
    ) -> dict[str, Any]:
        """Return what something became; only if it still has this version, where one is given."""
        # A job's tag is its version and a digest of how it is shown, which an edit does not mind.
        tag = None if version is None else f'"{version}"'
        headers = _given({"If-Match": tag})
        return self._call("PATCH", path, json=body, headers=headers).document

    def delete(self, path: str) -> dict[str, Any]:
        """Return what was deleted."""
        return self._call("DELETE", path).document

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
        return self._read(self._send(method, path, **how))

    def _send(self, method: str, path: str, **how: Any) -> httpx.Response:
        try:
            return self.http.request(method, path, **how)
        except httpx.RequestError as error:
            raise self._unreachable(method, error) from error

    def _read(self, answer: httpx.Response) -> Answer:
        try:
            document = answer.json()
        except ValueError:
            document = None
        if not isinstance(document, dict):
            detail = f"{self.http.base_url} answered with {answer.status_code}, not as Palyra does"
            raise Problem.of(Exit.UNAVAILABLE, detail, "check PALYRA_URL")
        if answer.is_success:
            is_new = answer.status_code in _NEW
            return Answer(document, is_new, answer.headers.get("ETag"))
        raise Problem.answered(answer.status_code, document)

    def _unreachable(self, method: str, error: Exception) -> Problem:
        detail = f"{self.http.base_url} does not answer: {str(error) or type(error).__name__}"
        if method == "GET" or isinstance(error, httpx.ConnectError):
            fix = "start it with `make up`, or check PALYRA_URL"
            return Problem.of(Exit.UNAVAILABLE, detail, fix)
        return Unanswered.of(Exit.UNAVAILABLE, detail, _LOOK_FIRST)


class Unanswered(Problem):
    """The order was sent and the answer is lost: it may have been done."""


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _json(body: Mapping[str, Any] | None) -> dict[str, Any]:
    return {} if body is None else {"json": body}
