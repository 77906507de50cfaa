"""What every page of the console has around it: who may see it, how it is answered and kept.

Nobody can sign in yet, so pages show the owner `main` and answer on the local stage alone, whose
front lets in nobody but this machine. On any other stage there are none.
"""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from chalice.app import Request, Response

from chalicelib.console.closing import closed
from chalicelib.console.rendering import render
from chalicelib.errors import Denied, NotFound, PalyraError
from chalicelib.functions.http import etag
from chalicelib.functions.http.problem import answers
from chalicelib.functions.wiring import api
from chalicelib.functions.wiring.container import container
from chalicelib.redaction import redact_text
from chalicelib.settings import stage

OWNER = "main"
ACTOR = "operator:console"  # Nobody can sign in yet: whoever is at this machine.
FORM = "application/x-www-form-urlencoded"
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_GUARDS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
_HTML = "text/html; charset=utf-8"


def local_only[**P](route: Callable[P, Response]) -> Callable[P, Any]:
    """Let a route exist on the local stage alone; anywhere else it answers a 404 problem."""

    @wraps(route)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> Response:
        if stage() != "local":
            raise NotFound("there is no console on this stage", fix="call /v1 with an API token")
        return route(*args, **kwargs)

    return answers(guarded)


def page[**P](
    root: str, current: Callable[[], Request]
) -> Callable[[Callable[P, str]], Callable[P, Response]]:
    """Answer with the HTML that a route returns, or with a page about why it cannot.

    Args:
        root: the relative path from the page to the console's first page.
        current: returns the request under way.
    """

    def decorate(route: Callable[P, str]) -> Callable[P, Response]:
        @wraps(route)
        def paged(*args: P.args, **kwargs: P.kwargs) -> Response:
            try:
                html = route(*args, **kwargs)
            except PalyraError as error:
                return failed(root, error)
            return conditional(current(), html, _HTML, "no-cache")

        return paged

    return decorate


def failed(root: str, error: PalyraError) -> Response:
    """Answer with a page about why there is none."""
    told = redact_text(error.detail)
    # What the gate is was perhaps what could not be read.
    html = render("error", root, stage=stage(), gate=None, error=error, detail=told)
    return unkept(html, error.status)


def shown(template: str, root: str, of: object, older: str | None = None) -> str:
    """Return a page, with a banner while no work begins."""
    gate = closed(api.gate(container()).read(), OWNER)
    return render(template, root, stage=stage(), gate=gate, page=of, older=older)


def conditional(request: Request, text: str, media_type: str, caching: str) -> Response:
    """Answer with a text, or with 304 to somebody who has it."""
    tag = etag.of(text)
    is_known = etag.is_known(request.headers.get("if-none-match", ""), tag)
    status = HTTPStatus.NOT_MODIFIED if is_known else HTTPStatus.OK
    response = _response("" if is_known else text, status, media_type, caching)
    response.headers["ETag"] = tag
    return response


def unkept(html: str, status: int) -> Response:
    """Answer with a page that nobody may keep: what it says is for now, or for once."""
    return _response(html, status, _HTML, "no-store")


def see_other(location: str) -> Response:
    """Lead to another page, so that one that is loaded again does nothing anew."""
    headers: dict[str, str | list[str]] = {"Location": location, **_GUARDS}
    return Response(body="", status_code=HTTPStatus.SEE_OTHER, headers=headers)


def refuse_other_sites(request: Request) -> None:
    """Refuse what a page of another site lets a browser send.

    Raises:
        Denied: the browser says that it does, or says nothing.
    """
    if request.headers.get("sec-fetch-site") != "same-origin":
        fix = "use the button of the page, or the command `palyra`"
        raise Denied("the request does not come from the console's own page", fix=fix)


def _response(text: str, status: int, media_type: str, caching: str) -> Response:
    headers: dict[str, str | list[str]] = {
        "Content-Type": media_type,
        "Cache-Control": caching,
        **_GUARDS,
    }
    return Response(body=text, status_code=status, headers=headers)
