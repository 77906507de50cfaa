"""The files that Chalice makes roles of: a policy for each stage and class, and where they lie.

Chalice takes a function's policy file from its stage's part of the configuration. There is no file
that a stage could fall back to: a deploy of a stage that has none fails.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from infra.grants import FunctionClass, Grant, logs

CHALICE = Path(__file__).resolve().parents[1] / ".chalice"
_FOLDER = "policies"
_STAGE = re.compile(r"[a-z][a-z0-9]{1,15}")
_LINE = 80

type Classes = Mapping[str, FunctionClass]


def stages(chalice: Path = CHALICE) -> list[str]:
    """Return the stages that the configuration knows."""
    return list(_config(chalice)["stages"])


def is_stage(name: str) -> bool:
    """Return whether a stage may be called this: what names of resources are made of."""
    return bool(_STAGE.fullmatch(name))


def files(classes: Classes, names: Iterable[str], chalice: Path = CHALICE) -> dict[Path, str]:
    """Return what every file has to say that is made of the table, by its path below `.chalice`.

    Args:
        classes: the table.
        names: the stages, those of the configuration and new ones.
        chalice: the `.chalice` folder, whose configuration keeps all that is not about policies.
    """
    wanted = {
        Path(_FOLDER, stage, f"{kind}.json"): json.dumps(policy(of, stage), indent=2) + "\n"
        for stage in names
        for kind, of in classes.items()
    }
    config = _config(chalice)
    for stage in names:
        _name_policies(config, classes, stage)
    return wanted | {Path("config.json"): _laid_out(config) + "\n"}


def write(wanted: Mapping[Path, str], chalice: Path = CHALICE) -> list[Path]:
    """Write the files that differ, delete policies that nobody wants; return what has changed."""
    changed = [path for path, text in wanted.items() if _text(chalice / path) != text]
    for path in changed:
        (chalice / path).parent.mkdir(parents=True, exist_ok=True)
        (chalice / path).write_text(wanted[path])
    gone = [path for path in written(chalice) if path not in wanted]
    for path in gone:
        (chalice / path).unlink()
    return changed + gone


def written(chalice: Path = CHALICE) -> Iterator[Path]:
    """Yield the policy files that there are, by their paths below `.chalice`."""
    for file in sorted((chalice / _FOLDER).rglob("*.json")):
        yield file.relative_to(chalice)


def policy(of: FunctionClass, stage: str) -> dict[str, Any]:
    """Return the policy of a class in a stage."""
    grants = (logs(of.functions), *of.grants)
    return {
        "Version": "2012-10-17",
        "Statement": [_statement(grant, stage) for grant in grants],
    }


def _statement(grant: Grant, stage: str) -> dict[str, Any]:
    statement = {
        "Sid": grant.sid,
        "Effect": "Allow",
        "Action": sorted(grant.actions),
        "Resource": [arn.replace("{stage}", stage) for arn in grant.resources],
    }
    return statement | ({"Condition": _of_stage(grant.condition, stage)} if grant.condition else {})


def _of_stage(condition: Any, stage: str) -> Any:
    if isinstance(condition, str):
        return condition.replace("{stage}", stage)
    return {name: _of_stage(value, stage) for name, value in condition.items()}


def _name_policies(config: dict[str, Any], classes: Classes, stage: str) -> None:
    made = config["stages"].setdefault(stage, {})
    made.setdefault("environment_variables", {})["PALYRA_STAGE"] = stage
    functions = made.setdefault("lambda_functions", {})
    for kind, of in classes.items():
        for function in of.functions:
            file = f"{_FOLDER}/{stage}/{kind}.json"
            functions.setdefault(function, {})["iam_policy_file"] = file


def _laid_out(value: Any, indent: str = "") -> str:
    """Return JSON in which each object below the outermost has one line, if that is short."""
    line = _in_a_line(value)
    if not isinstance(value, dict) or (indent and len(indent + line) < _LINE):
        return line
    deeper = indent + "  "
    members = (f"{deeper}{json.dumps(key)}: {_laid_out(it, deeper)}" for key, it in value.items())
    return "{\n" + ",\n".join(members) + f"\n{indent}}}"


def _in_a_line(value: Any) -> str:
    if not isinstance(value, dict) or not value:
        return json.dumps(value)
    members = (f"{json.dumps(key)}: {_in_a_line(it)}" for key, it in value.items())
    return "{ " + ", ".join(members) + " }"


def _config(chalice: Path) -> dict[str, Any]:
    config: dict[str, Any] = json.loads((chalice / "config.json").read_text())
    return config


def _text(path: Path) -> str | None:
    return path.read_text() if path.exists() else None
