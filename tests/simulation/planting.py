"""Planting bugs: a function of the production code is edited in memory while a context lasts."""

import importlib
import inspect
import textwrap
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import CodeType, FunctionType
from typing import Any, NamedTuple


class Edit(NamedTuple):
    """What a function says, and what it says with the bug in it.

    Attributes:
        function: its dotted name.
        was: a fragment that stands in its source exactly once.
    """

    function: str
    was: str
    now: str


class Bug(NamedTuple):
    """A change for the worse.

    Attributes:
        flows: where it can show.
        invariants: one of these must be what a schedule breaks first.
        line: a schedule that catches it.
    """

    name: str
    what: str
    flows: tuple[str, ...]
    invariants: tuple[str, ...]
    edits: tuple[Edit, ...]
    line: str = ""


class Moved(AssertionError):
    """The production code no longer says what a bug changes; the bug must be written anew."""


@contextmanager
def planted(bug: Bug) -> Iterator[None]:
    """Let the production code have a bug.

    Raises:
        Moved: the code to be changed is not there.
    """
    with ExitStack() as edits:
        for function in dict.fromkeys(edit.function for edit in bug.edits):
            those = [edit for edit in bug.edits if edit.function == function]
            edits.enter_context(_edited(function, those))
        yield


@contextmanager
def _edited(name: str, edits: list[Edit]) -> Iterator[None]:
    # The code of the function is exchanged, not the function: modules that imported it have the
    # bug, too.
    function = _function(name)
    before = function.__code__
    source = textwrap.dedent(inspect.getsource(function))
    for edit in edits:
        if source.count(edit.was) != 1:
            raise Moved(f"{name} does not say once: {edit.was}")
        source = source.replace(edit.was, edit.now)
    function.__code__ = _compiled(source, before)
    try:
        yield
    finally:
        function.__code__ = before


def _function(name: str) -> FunctionType:
    module, _, path = name.partition(":")
    found: Any = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    function = inspect.unwrap(found)
    assert isinstance(function, FunctionType)
    return function


def _compiled(source: str, before: CodeType) -> CodeType:
    module = compile(source, before.co_filename, "exec", dont_inherit=True)
    inner = [each for each in module.co_consts if isinstance(each, CodeType)]
    code = next(each for each in inner if each.co_name == before.co_name)
    return code.replace(co_qualname=before.co_qualname)
