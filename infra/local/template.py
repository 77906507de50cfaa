"""The stack's template, read: what it says of tables that the emulator's CloudFormation ignores."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from infra.local.place import CHECKOUT

TEMPLATE = CHECKOUT / "infra" / "template.yaml"
_TABLE = "AWS::DynamoDB::Table"


@dataclass(frozen=True, slots=True)
class TableSettings:
    """What is set by API on the table of one resource."""

    resource: str
    ttl: Mapping[str, Any] | None
    recovery: Mapping[str, Any] | None


def resources(path: Path = TEMPLATE) -> dict[str, Any]:
    """Return the resources of the template by their logical names."""
    # Built on the safe loader, and its tags make plain values.
    template = yaml.load(path.read_text(), _Loader)  # noqa: S506
    found: dict[str, Any] = template["Resources"]
    return found


def table_settings(path: Path = TEMPLATE) -> Iterator[TableSettings]:
    """Yield the settings of each table of the template."""
    for name, resource in resources(path).items():
        if resource["Type"] == _TABLE:
            properties = resource["Properties"]
            yield TableSettings(
                resource=name,
                ttl=properties.get("TimeToLiveSpecification"),
                recovery=properties.get("PointInTimeRecoverySpecification"),
            )


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short tags (!Sub, !GetAtt) as the text behind them."""


def _text(_loader: yaml.SafeLoader, _tag: str, node: yaml.Node) -> str:
    return str(node.value)


_Loader.add_multi_constructor("!", _text)
