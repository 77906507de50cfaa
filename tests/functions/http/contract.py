"""The committed OpenAPI document, and whether what was asked and answered is as it says."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from chalicelib.functions.http import root

DOCUMENT: dict[str, Any] = json.loads(
    (Path(root.__file__).parent / "openapi.json").read_text(encoding="utf-8")
)
PROBLEM = "application/problem+json"


def operation(method: str, path: str) -> tuple[str, dict[str, Any]] | None:
    """Return the template of a path and what is said of the method there, or None.

    As the gateway does, the template with the fewest variables is taken, whatever its methods.
    """
    known = re.sub(r"(?<=.)/$", "", path.partition("?")[0])
    fitting = [
        template
        for template in DOCUMENT["paths"]
        if re.fullmatch(re.sub(r"{\w+}", "[^/]*", template), known)
    ]
    template = min(fitting, key=lambda each: each.count("{"), default="")
    methods = DOCUMENT["paths"].get(template, {})
    return (template, methods[method.lower()]) if method.lower() in methods else None


def check_answer(
    method: str, path: str, status: int, headers: Mapping[str, str], body: Any
) -> None:
    """Fail where an answer is not one that the document promises."""
    found = operation(method, path)
    if found is None:
        return
    template, described = found
    assert str(status) in described["responses"], f"{method} {template} does not say {status}"
    where, promised = _resolved(f"{_pointer(template, method)}/responses/{status}")
    for name, header in promised.get("headers", {}).items():
        if header["required"]:
            assert re.search(header["schema"]["pattern"], headers[name]), name
    if "content" not in promised:
        assert body is None
        return
    (media_type,) = promised["content"]
    assert headers["Content-Type"] == media_type
    _validator(where, media_type).validate(body)


def check_request(method: str, path: str, body: bytes) -> None:
    """Fail where the document forbids what was accepted."""
    found = operation(method, path)
    if found and body and "requestBody" in found[1]:
        where = f"{_pointer(found[0], method)}/requestBody"
        _validator(where, "application/json").validate(json.loads(body))


@cache
def _validator(where: str, media_type: str) -> Draft202012Validator:
    escaped = media_type.replace("~", "~0").replace("/", "~1")
    strict = _strict(DOCUMENT) | {"$ref": f"#{where}/content/{escaped}/schema"}
    return Draft202012Validator(strict, format_checker=FormatChecker())


def _resolved(where: str) -> tuple[str, dict[str, Any]]:
    """Return a part of the document and where it is, behind a reference if it is one."""
    part: Any = DOCUMENT
    for name in where.strip("/").split("/"):
        part = part[name.replace("~1", "/").replace("~0", "~")]
    return _resolved(part["$ref"].removeprefix("#")) if "$ref" in part else (where, part)


def _pointer(template: str, method: str) -> str:
    escaped = template.replace("~", "~0").replace("/", "~1")
    return f"/paths/{escaped}/{method.lower()}"


def _strict(schema: Any) -> Any:
    """Return a schema that lets no field pass that it does not name: no answer has any."""
    if isinstance(schema, list):
        return [_strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    strict = dict(_strictly(schema))
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        strict.setdefault("additionalProperties", False)
    return strict


def _strictly(schema: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in schema.items():
        yield name, _strict(value)
