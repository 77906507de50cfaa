"""What would be deployed to a stage: `palyra.toml` and the variables of its functions."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from chalicelib.errors import Fault, InvalidSettings
from chalicelib.settings import Settings, stage
from infra.settings.callers import callers

LOCAL = "local"


class Variables(NamedTuple):
    """The variables of a stage's functions.

    Attributes:
        deployed: those that the functions will have.
        left_out: the caller's, which are not deployed to this stage.
    """

    deployed: dict[str, str]
    left_out: list[str]


def check(folder: Path, variables: Mapping[str, str]) -> Settings:
    """Return the settings that a checkout would deploy.

    Raises:
        InvalidSettings: they are not valid; has all faults.
    """
    stage(variables)
    file, baked = folder / "palyra.toml", folder / "chalicelib" / "palyra.toml"
    if not (file.exists() and baked.exists() and baked.samefile(file)):
        raise InvalidSettings(
            "chalicelib/palyra.toml, which is deployed, is no link to palyra.toml",
            field="palyra.toml",
            fix="run `git checkout palyra.toml` if it is gone, then "
            "`ln -sf ../palyra.toml chalicelib/palyra.toml`",
        )
    return Settings.load(variables, baked)


def variables_of(name: str, folder: Path, environment: Mapping[str, str]) -> Variables:
    """Return the variables that are deployed with a stage's functions.

    Args:
        name: the stage.
        folder: the checkout.
        environment: the caller's; only `make up`, which is the local stage's, deploys of it.

    Raises:
        InvalidSettings: there is no such stage.
    """
    config: dict[str, Any] = json.loads((folder / ".chalice" / "config.json").read_text())
    stages = config["stages"]
    if name not in stages:
        raise InvalidSettings(
            f"{name!r} is no stage of .chalice/config.json",
            field="stage",
            fix=f"use one of {', '.join(stages)}, or add it there",
        )
    of_all = config.get("environment_variables", {})
    deployed = of_all | stages[name].get("environment_variables", {})
    given = callers(environment)
    if name == LOCAL:
        return Variables(deployed | given, [])
    return Variables(deployed, sorted(given))


def told(faults: tuple[Fault, ...]) -> list[str]:
    """Return one line for each fault."""
    return [f"{fault.detail}: {fault.fix}" for fault in faults]
