"""What is secret is compared in constant time: everywhere, or it stands here why it need not be.

A name says what is compared. A condition that DynamoDB holds against a row is no comparison of
ours, and what is compared with a constant is no secret.
"""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
WHERE = ("chalicelib", "cli", "infra")
SECRET = {
    *("mac", "token", "hash", "fp", "fingerprint", "sas", "csrf", "confirm", "proof", "signature"),
    *("secret", "pin", "password"),
}
# What stands behind the name of a secret where it is written in another way.
WRITTEN = {"sha256", "digest", "hex", "hexdigest", "bytes", "text", "b64", "pem", "encoded"}
PLAIN = (ast.Eq, ast.NotEq, ast.In, ast.NotIn)

_FENCE = "the token of a claim is a number that counts up, and fences; it lets nobody in"
_LEXEME = "a token of a policy's text is a word of it"
_PUBLISHED = "the hash stands in the journal's own file, beside what it is compared with"
ALLOWED = {
    ("chalicelib/background/store.py", "old.token == task.token"): _FENCE,
    ("chalicelib/background/worker.py", "seen.token != task.token"): _FENCE,
    ("chalicelib/background/worker.py", "ended.token != task.token"): _FENCE,
    ("chalicelib/scheduler/locking.py", "ended.token == replaced.token + 1"): _FENCE,
    ("chalicelib/policy/text.py", "token.strip('\"') == named"): _LEXEME,
    ("chalicelib/policy/text.py", "named in token"): _LEXEME,
    ("cli/journal_file.py", "self.hash != told"): _PUBLISHED,
    ("cli/journal_file.py", "claimed != self.hash"): _PUBLISHED,
    (
        "chalicelib/journal/seal.py",
        "this.previous_signature != (before.signature if before else '')",
    ): "signatures of seals are published, and verified with the key",
    (
        "chalicelib/nodes/authority/authorities.py",
        "fingerprint(self._public_key(slot)) in used",
    ): "public keys of authorities, of which the operator asks for the next",
    (
        "chalicelib/console/nodes.py",
        "of.fingerprint == device.current",
    ): "which of the certificates on a page is the current one",
}


def called(of: ast.Call) -> list[ast.expr]:
    """Return what a call is of: mac.hex() is a mac, and so is bytes(mac); its length is none."""
    if isinstance(of.func, ast.Name) and of.func.id == "len":
        return []
    inner = [of.func.value] if isinstance(of.func, ast.Attribute) else []
    return [of.func, *inner, *of.args]


PARTS: dict[type[ast.expr], Callable[[Any], list[ast.expr]]] = {
    ast.Subscript: lambda of: [of.value],
    ast.Call: called,
    ast.BinOp: lambda of: [of.left, of.right],
    ast.IfExp: lambda of: [of.body, of.orelse],
    ast.BoolOp: lambda of: of.values,
    ast.NamedExpr: lambda of: [of.value],
}


def names(of: ast.expr) -> Iterator[str]:
    """Yield what an operand is called, in all its parts that may be the whole of it."""
    if isinstance(of, ast.Name):
        yield of.id
    if isinstance(of, ast.Attribute):
        yield of.attr
    if isinstance(of, ast.Subscript) and isinstance(of.slice, ast.Constant):
        yield str(of.slice.value)
    for part in PARTS.get(type(of), lambda _of: [])(of):
        yield from names(part)


def is_secret(name: str) -> bool:
    words = name.lower().strip("_").split("_")
    while len(words) > 1 and words[-1] in WRITTEN:
        words.pop()
    return words[-1] in SECRET


def is_column(of: ast.expr) -> bool:
    """Return whether an operand is a column of a row's class: then DynamoDB compares."""
    return (
        isinstance(of, ast.Attribute)
        and isinstance(of.value, ast.Name)
        and of.value.id.endswith("Row")
    )


def plain_compares(source: str) -> Iterator[str]:
    """Yield the comparisons of secrets that take as long as their common beginning."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Compare) or not any(isinstance(op, PLAIN) for op in node.ops):
            continue
        sides = [node.left, *node.comparators]
        if any(is_column(each) or isinstance(each, ast.Constant) for each in sides):
            continue
        if any(is_secret(name) for each in sides for name in names(each)):
            yield ast.unparse(node)


def found() -> Iterator[tuple[str, str]]:
    for where in WHERE:
        for path in sorted((ROOT / where).rglob("*.py")):
            for each in plain_compares(path.read_text()):
                yield str(path.relative_to(ROOT)), each


def test_secrets_are_compared_in_constant_time() -> None:
    assert sorted(set(found()) - set(ALLOWED)) == []


def test_nothing_is_allowed_that_is_not_there() -> None:
    assert sorted(set(ALLOWED) - set(found())) == []


@pytest.mark.parametrize(
    "bad",
    [
        "mac == given",
        "given.mac != session.mac",
        "row.token_sha256 == digest",
        "secrets['sas'] == typed",
        "expected_csrf.hex() == sent",
        "bytes(proof) in known",
        "(a or confirm) == b",
        "self._hash != other",
        "cert_fp == device.fp",
        "token not in tokens",
    ],
)
def test_a_plain_comparison_of_a_secret_is_found(bad: str) -> None:
    assert [*plain_compares(f"if {bad}:\n    pass")] == [ast.unparse(ast.parse(bad, mode="eval"))]


@pytest.mark.parametrize(
    "good",
    [
        "hmac.compare_digest(mac, given)",
        "len(secret) != 32",
        "mac is None",
        "SessionRow.token == seen.token",
        "fault.field == 'sas'",
        "method == 'pin'",
        "signature_algorithm_oid == known",
    ],
)
def test_what_is_no_plain_comparison_of_a_secret_is_not(good: str) -> None:
    assert [*plain_compares(f"if {good}:\n    pass")] == []
