"""Delegation: how many tasks a task may hand on, and which of its children may run now.

A parent's row counts its children and names those that run, each by one conditional write, so that
two that come at once cannot both be the last one allowed. A child that finds no room waits; who
leaves sends the waiting ones their messages, and the sweep does, too.
"""

from collections.abc import Sequence
from typing import NamedTuple

from chalicelib.background.task import Task


class Limits(NamedTuple):
    """How much may be delegated.

    Attributes:
        depth: levels below the task that nobody delegated.
        children: of one parent, over its whole life.
        descendants: of one tree, over its whole life.
        concurrent: children of one parent that run at once.
        groups: groups of one parent's children that run at once.
    """

    depth: int
    children: int
    descendants: int
    concurrent: int
    groups: int


class Refusal(NamedTuple):
    """Why one more task cannot be delegated: a stable code, and a sentence."""

    code: str
    detail: str


def refusal(parent: Task, root: Task, depth: int, limits: Limits) -> Refusal | None:
    """Say why a parent may not have one more child at a depth from 1, or None."""
    if depth > limits.depth:
        return Refusal("max_depth", f"the tree is {limits.depth} levels deep")
    if parent.children >= limits.children:
        return Refusal("max_children_per_parent", f"the task has {parent.children} children")
    if root.descendants >= limits.descendants:
        return Refusal("max_total_children", f"the tree has {root.descendants} tasks")
    return None


class Wait(NamedTuple):
    """A child may not run yet."""

    reason: str


def admit(child: Task, parent: Task, siblings: Sequence[Task], limits: Limits) -> str | Wait:
    """Say which children may run when this one does, as it is stored, or why it must wait.

    Those that have ended without leaving are left out: no crash between the two keeps a place.
    """
    membership = child.membership
    if membership is None:
        return parent.busy
    by_key = {each.ref.sk: each for each in siblings}
    running = {sk: place for sk, place in places(parent.busy).items() if _is_open(by_key.get(sk))}
    running.pop(child.ref.sk, None)
    if membership.serial and any(_goes_before(each, child) for each in siblings):
        return Wait("flow_dependency")
    if len(running) >= limits.concurrent:
        return Wait("max_concurrent_children")
    groups = {place.partition("#")[0] for place in running.values()}
    if len(groups | {membership.group}) > limits.groups:
        return Wait("max_parallel_groups")
    # With its token each claim changes what is stored: who saw it before that is refused.
    return stored(running | {child.ref.sk: f"{membership.group}#{child.token}"})


def places(busy: str) -> dict[str, str]:
    """Return the group and token, as `group#token`, of each child that may run, by its sort key."""
    pairs = (place.partition(":") for place in busy.split(",") if place)
    return {sk: place for sk, _, place in pairs}


def stored(running: dict[str, str]) -> str:
    """Return the children that may run, as it is stored."""
    return ",".join(f"{sk}:{place}" for sk, place in sorted(running.items()))


def _is_open(task: Task | None) -> bool:
    return task is not None and not task.state.is_terminal


def _goes_before(sibling: Task, child: Task) -> bool:
    if sibling.membership is None or child.membership is None or sibling.state.is_terminal:
        return False
    same_group = sibling.membership.group == child.membership.group
    return same_group and sibling.ref.sk < child.ref.sk
