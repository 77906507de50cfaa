"""Call sites: the functions of the stores from which AWS is called, found in their source.

A fault that never happened to one of them proves nothing about it, so the list comes from the code
and not from what was run.
"""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
_DIRECT = {"find", "find_all", "page", "put", "change", "remove", "transact", "query"}
_GROUND = {"chalicelib.tables", "chalicelib.aws"}
_INCIDENTS = "chalicelib.incidents.store.IncidentStore."
_ELSEWHERE = (
    # Sign-in is not a flow of work: nothing is claimed, and a token that cannot be read refuses.
    "chalicelib.access.store.AccessStore.",
    # test_approvals.py has flows of its own, with a fault at each call.
    "chalicelib.approvals.store.ApprovalStore.",
    # What is told of faults and looked at by the doctor decides nothing about work; tests/healing
    # kills a fix before and after every call.
    *(f"{_INCIDENTS}{name}" for name in ("all_active", "attempts", "begin", "change")),
    *(f"{_INCIDENTS}{name}" for name in ("listed", "tell")),
    "chalicelib.background.queue.LaneQueue.date",
    "chalicelib.healing.doctor.",
)


@cache
def all_sites() -> frozenset[str]:
    """Return every public function that reaches AWS, as `module.Class.function`."""
    sites = (site for path in _modules() for site in _sites_of(path))
    return frozenset(site for site in sites if not site.startswith(_ELSEWHERE))


def current_site() -> str:
    """Return the site that the call under way comes from: the outermost of its own module."""
    frame = sys._getframe(2)
    found = module = ""
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name.startswith("chalicelib") and name not in _GROUND:
            function = frame.f_code.co_qualname.split(".<locals>")[0]
            if module and name != module:
                break
            module = name
            if not function.rpartition(".")[2].startswith("_"):
                return f"{name}.{function}"
            found = f"{name}.{function}"
        frame = frame.f_back  # type: ignore[assignment]
    return found


def _modules() -> Iterator[Path]:
    for path in sorted((ROOT / "chalicelib").rglob("*.py")):
        text = path.read_text()
        is_ground = _module(path) in _GROUND
        if not is_ground and (path.name == "store.py" or "aws." in text):
            yield path


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def _sites_of(path: Path) -> Iterator[str]:
    functions = dict(_functions(ast.parse(path.read_text())))
    reaching = {name for name, node in functions.items() if _calls_aws(node)}
    while True:
        names = {name.rpartition(".")[2] for name in reaching}
        more = {
            name
            for name, node in functions.items()
            if name not in reaching and _called(node) & {n for n in names if n.startswith("_")}
        }
        if not more:
            break
        reaching |= more
    for name in reaching:
        last = name.rpartition(".")[2]
        # A `.._write` is a part of a transaction, which somebody else makes.
        if not last.startswith("_") and not last.endswith("_write"):
            yield f"{_module(path)}.{name}"


def _functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        if isinstance(node, ast.ClassDef):
            for each in node.body:
                if isinstance(each, ast.FunctionDef):
                    yield f"{node.name}.{each.name}", each


def _calls_aws(node: ast.FunctionDef) -> bool:
    return any(
        call.func.attr in _DIRECT and _is_row(call.func.value, of_index=call.func.attr == "query")
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
    ) or any(
        _is_client_call(call.func)
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
    )


def _is_client_call(called: ast.Attribute) -> bool:
    """Return whether a client is called: by `aws.call`, or itself; a link is signed without AWS."""
    of = called.value
    if isinstance(of, ast.Name):
        return of.id == "aws" and called.attr in {"call", "read_object", "find_object"}
    is_client = isinstance(of, ast.Attribute) and of.attr == "_client"
    return is_client and called.attr != "generate_presigned_url"


def _is_row(node: ast.expr, *, of_index: bool) -> bool:
    """Return whether a model, or its index, is named; its attributes make no calls."""
    while of_index and isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name) and (node.id.endswith("Row") or node.id.endswith("row"))


def _called(node: ast.FunctionDef) -> set[str]:
    """Return the names of functions and properties that a function uses."""
    attributes = {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}
    return attributes | {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
