"""Raw items as DynamoDB keeps them, read without the models of the code under test."""

from typing import Any

type Item = dict[str, dict[str, Any]]


def text(item: Item, name: str) -> str:
    """Return a string attribute, or an empty one."""
    value: str = item.get(name, {}).get("S", "")
    return value


def number(item: Item, name: str) -> int:
    """Return a number attribute, or 0."""
    return int(item.get(name, {}).get("N", 0))


def key(item: Item) -> str:
    """Return an item's key, to be shown."""
    return f"{text(item, 'pk')}/{text(item, 'sk') or number(item, 'sk')}"


def task_id(row: Item) -> str:
    """Return the id of the task of a row of the work table."""
    subject, sk = text(row, "pk").partition("#")[2], text(row, "sk")
    return sk if subject == "tasks" else f"{subject}-{sk}"
