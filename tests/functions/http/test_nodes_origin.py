"""What answers on the nodes origin, and what answers on the API's: never both."""

import re

from app import app
from chalicelib.functions.http.operation import promised
from tests.functions.http.api import Api
from tests.nodes.gateway import Node

API_ORIGIN = "api.palyra.local"
EVERY = sorted((path, method) for path, made in app.routes.items() for method in made)


def _is_of_nodes(path: str, method: str) -> bool:
    promise = promised(app.routes[path][method].view_function)
    return promise is not None and promise.needs_certificate


OF_NODES = [each for each in EVERY if _is_of_nodes(*each)]
OF_OTHERS = [each for each in EVERY if each not in OF_NODES]


def _path(node: Node, path: str) -> str:
    return re.sub(r"{\w+}", "x", path.replace("{device_id}", node.id))


def test_nothing_of_operators_is_on_the_nodes_origin(api: Api, node: Node) -> None:
    headers = {"Authorization": f"Bearer {api.token('main')}"}
    for path, method in OF_OTHERS:
        reply = node.gateway.call(method, _path(node, path), certificate=node.der, headers=headers)
        assert (reply.status, reply.code) == (404, "not-found"), f"{method} {path}"


def test_the_refusal_says_where_to_go(api: Api, node: Node) -> None:
    headers = {"Authorization": f"Bearer {api.token('main')}"}
    reply = node.gateway.call("GET", "/v1/jobs", certificate=node.der, headers=headers)
    assert reply.body["detail"] == "the nodes origin has no GET /v1/jobs"
    assert reply.body["fix"] == "use the address of the API"


def test_nothing_of_nodes_is_on_the_apis_origin(node: Node) -> None:
    for path, method in OF_NODES:
        for certificate in (None, node.der):
            reply = node.gateway.call(
                method, _path(node, path), certificate=certificate, origin=API_ORIGIN
            )
            assert (reply.status, reply.code) == (401, "client-cert-required"), f"{method} {path}"


def test_a_certificate_that_the_gateway_did_not_tell_of_opens_nothing_else(
    api: Api, node: Node
) -> None:
    headers = {"Authorization": f"Bearer {api.token('main')}"}
    reply = node.gateway.call("GET", "/v1/jobs", certificate=None, headers=headers)
    assert reply.status == 404


def test_what_nodes_do_answers_them(node: Node) -> None:
    assert node.whoami().body["device_id"] == node.id


def test_an_api_that_asks_for_certificates_of_its_own_is_no_nodes_origin(
    api: Api, node: Node
) -> None:
    headers = {"Authorization": f"Bearer {api.token('main')}"}
    reply = node.gateway.call(
        "GET", "/v1/jobs", certificate=node.der, origin=API_ORIGIN, headers=headers
    )
    assert reply.status == 200
