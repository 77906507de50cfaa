"""Gives a REST API what a Swagger document says, through the calls that MiniStack does have.

API Gateway takes the whole document in one call (ImportRestApi, PutRestApi); MiniStack takes
resources, methods, integrations and authorizers one by one. What the document does not say is
removed: Chalice always overwrites.
"""

from collections.abc import Mapping
from typing import Any

from infra.local.bridges.asgi import Caller

type Document = Mapping[str, Any]

_ANY_METHOD = "x-amazon-apigateway-any-method"
_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", _ANY_METHOD})
_INTEGRATION_FIELDS = (
    "uri",
    "passthroughBehavior",
    "contentHandling",
    "credentials",
    "requestTemplates",
    "requestParameters",
    "timeoutInMillis",
)
_ANSWERED_BY_A_FUNCTION = "aws_proxy"


class Loader:
    """Loads one document into one REST API."""

    def __init__(self, call: Caller, api_id: str) -> None:
        self._call = call
        self._base = f"/restapis/{api_id}"
        self._resources: dict[str, str] = {}
        self._authorizers: dict[str, str] = {}

    async def load(self, document: Document) -> None:
        """Make the API what the document says."""
        await self._clear()
        for name, scheme in document.get("securityDefinitions", {}).items():
            await self._put_authorizer(name, scheme)
        for path, operations in document.get("paths", {}).items():
            for verb, operation in operations.items():
                if verb.lower() in _METHODS:
                    await self._put_method(await self._resource(path), verb, operation)
        await self._put_settings(document)

    async def _clear(self) -> None:
        root = (await self._call("GET", self._base))["rootResourceId"]
        self._resources = {"": root}
        await self._clear_methods(f"{self._base}/resources/{root}")
        # One by one and page by page: MiniStack does not delete what is below a resource with it.
        while others := [each for each in await self._listed("resources") if each["id"] != root]:
            for resource in others:
                await self._call("DELETE", f"{self._base}/resources/{resource['id']}")
        for authorizer in await self._listed("authorizers"):
            await self._call("DELETE", f"{self._base}/authorizers/{authorizer['id']}")

    async def _clear_methods(self, resource: str) -> None:
        for method in (await self._call("GET", resource)).get("resourceMethods", {}):
            await self._call("DELETE", f"{resource}/methods/{method}")

    async def _listed(self, kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self._call("GET", f"{self._base}/{kind}"))["item"]
        return found

    async def _put_authorizer(self, name: str, scheme: Document) -> None:
        wanted = scheme.get("x-amazon-apigateway-authorizer")
        if wanted is None:
            return
        header = f"method.request.header.{scheme.get('name', 'Authorization')}"
        body = {
            "identitySource": header,
            **wanted,
            "name": name,
            "type": wanted.get("type", "token").upper(),
        }
        self._authorizers[name] = (await self._call("POST", f"{self._base}/authorizers", body))[
            "id"
        ]

    async def _resource(self, path: str) -> str:
        known = path.rstrip("/")
        if known not in self._resources:
            above, _, part = known.rpartition("/")
            parent = await self._resource(above)
            made = await self._call("POST", f"{self._base}/resources/{parent}", {"pathPart": part})
            self._resources[known] = made["id"]
        return self._resources[known]

    async def _put_method(self, resource: str, verb: str, operation: Document) -> None:
        method = "ANY" if verb == _ANY_METHOD else verb.upper()
        path = f"{self._base}/resources/{resource}/methods/{method}"
        await self._call("PUT", path, self._authorization(operation))
        integration = operation.get("x-amazon-apigateway-integration")
        if integration is None:
            return
        body = {name: integration[name] for name in _INTEGRATION_FIELDS if integration.get(name)}
        body |= {
            "type": integration["type"].upper(),
            "httpMethod": integration.get("httpMethod", "POST"),
        }
        await self._call("PUT", f"{path}/integration", body)
        if integration["type"].lower() != _ANSWERED_BY_A_FUNCTION:
            await self._put_answers(path, operation, integration)

    def _authorization(self, operation: Document) -> dict[str, Any]:
        names = [name for requirement in operation.get("security", []) for name in requirement]
        for name in names:
            if name in self._authorizers:
                return {"authorizationType": "CUSTOM", "authorizerId": self._authorizers[name]}
        return {"authorizationType": "NONE", "apiKeyRequired": "api_key" in names}

    async def _put_answers(self, path: str, operation: Document, integration: Document) -> None:
        for code, answer in operation.get("responses", {}).items():
            headers = {
                f"method.response.header.{name}": False for name in answer.get("headers", {})
            }
            await self._call("PUT", f"{path}/responses/{code}", {"responseParameters": headers})
        for pattern, answer in integration.get("responses", {}).items():
            body = {
                "selectionPattern": "" if pattern == "default" else pattern,
                "responseParameters": answer.get("responseParameters", {}),
                "responseTemplates": answer.get("responseTemplates", {}),
            }
            await self._call("PUT", f"{path}/integration/responses/{answer['statusCode']}", body)

    async def _put_settings(self, document: Document) -> None:
        types = document.get("x-amazon-apigateway-binary-media-types", [])
        operations = [
            {"op": "replace", "path": "/name", "value": document["info"]["title"]},
            {"op": "replace", "path": "/binaryMediaTypes", "value": types},
        ]
        await self._call("PATCH", self._base, {"patchOperations": operations})
