"""What Chalice would deploy, as it reads the configuration itself."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from chalice.config import Config
from chalice.deploy import models
from chalice.deploy.appgraph import ApplicationGraphBuilder

from app import app
from infra.local.place import CHECKOUT


@cache
def functions(stage: str) -> dict[str, str]:
    """Return each function's name in AWS, with the policy file of its role."""
    config = Config(
        stage,
        user_provided_params={"chalice_app": app, "project_dir": str(CHECKOUT)},
        config_from_disk=json.loads((CHECKOUT / ".chalice" / "config.json").read_text()),
    )
    found = set(_functions(ApplicationGraphBuilder().build(config, stage)))
    return dict(found)


def _functions(model: Any) -> Iterator[tuple[str, str]]:
    if isinstance(model, models.LambdaFunction):
        assert model.log_group is None  # Groups come from the template.
        assert isinstance(model.role, models.ManagedIAMRole)
        assert isinstance(model.role.policy, models.FileBasedIAMPolicy)
        yield model.function_name, model.role.policy.filename
    for each in model.dependencies():
        yield from _functions(each)
