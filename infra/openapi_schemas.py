"""The JSON Schemas of requests and answers, under names as people would give them."""

import re
from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

_REF = "#/components/schemas/{model}"


class Schemas:
    """The JSON Schemas of all requests and answers."""

    def __init__(self, shapes: Iterable[tuple[Any, JsonSchemaMode]]) -> None:
        """Make them all at once, so that each shape is there once.

        Args:
            shapes: each type, and whether it is read (`validation`) or answered.
        """
        adapters = [(_key(shape), mode, TypeAdapter(shape)) for shape, mode in shapes]
        made, defined = TypeAdapter.json_schemas(adapters, ref_template=_REF)
        self._made = {key: _tidy(schema) for (key, _), schema in made.items()}
        named = _tidy(defined).get("$defs", {})
        self.components = {_name(name): schema for name, schema in named.items()}

    def of(self, shape: Any) -> Any:
        """Return the schema of a type, which is a reference for all but the simplest."""
        return self._made[_key(shape)]


def _key(shape: Any) -> str:
    return repr(shape)


def _name(pydantics: str) -> str:
    """Return a name as people would give it: `JobPage` for pydantic's `Page_Job_`."""
    return re.sub(r"^(\w+?)_(\w+)_$", r"\2\1", pydantics)


def _tidy(schema: Any) -> Any:
    """Return a schema without the titles that pydantic makes of names."""
    if isinstance(schema, list):
        return [_tidy(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    tidy = {k: _tidy(v) for k, v in schema.items() if k != "title" or not isinstance(v, str)}
    if isinstance(schema.get("$ref"), str):
        before, _, name = schema["$ref"].rpartition("/")
        tidy["$ref"] = f"{before}/{_name(name)}"
    return tidy
