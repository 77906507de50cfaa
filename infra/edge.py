"""What stands before a deployed API besides its domains: `python -m infra.edge --stage prod`.

Domains are of `infra/edge.yaml`. That the API answers by them alone, and how many requests a second
it takes, is said of the API and of its stage, which Chalice makes anew with each deploy and knows
nothing of: so this is set after each deploy, and the stage is pointed at a deployment that has it.
Without it, whoever knows the API's own address would go past the domain that asks for certificates;
no node is let in there, but it is one door more than there has to be.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.gateway import Api, StillMute, deployed_api

_DEPLOYED = Path(__file__).resolve().parents[1] / ".chalice" / "deployed"
_NEEDED = "Allow the deployer apigateway:GET, PATCH and POST on /restapis, then repeat"
PER_SECOND, BURST = 50, 100


class StillOpen(Exception):
    """The API's own address answers, or nothing throttles it; the message says what to do."""


def close(api: Api, gateway: Any, per_second: int = PER_SECOND, burst: int = BURST) -> None:
    """Let an API answer by its domains alone, and no more often than so.

    Args:
        api: the API.
        gateway: an API Gateway client.
        per_second: how many requests a second it takes before it answers 429.
        burst: how many at once.

    Raises:
        StillOpen: it could not be done.
    """
    try:
        gateway.update_rest_api(
            restApiId=api.id, patchOperations=[_set("/disableExecuteApiEndpoint", "true")]
        )
        # Before this, the address goes on to answer.
        gateway.create_deployment(restApiId=api.id, stageName=api.stage)
        throttles = [
            _set("/*/*/throttling/rateLimit", str(per_second)),
            _set("/*/*/throttling/burstLimit", str(burst)),
        ]
        gateway.update_stage(restApiId=api.id, stageName=api.stage, patchOperations=throttles)
        _check(api, gateway, per_second, burst)
    except (BotoCoreError, ClientError) as error:
        raise StillOpen(f"The API could not be closed: {error}. {_NEEDED}") from error


def _check(api: Api, gateway: Any, per_second: int, burst: int) -> None:
    found = gateway.get_rest_api(restApiId=api.id)
    stage = gateway.get_stage(restApiId=api.id, stageName=api.stage)
    limits = stage.get("methodSettings", {}).get("*/*", {})
    wanted = (float(per_second), burst)
    throttled = (limits.get("throttlingRateLimit"), limits.get("throttlingBurstLimit"))
    if found.get("disableExecuteApiEndpoint") is not True:
        raise StillOpen("The API's own address answers although it was closed. Repeat")
    if throttled != wanted:
        raise StillOpen(f"The stage's throttles are {throttled}, and {wanted} was set. Repeat")


def _set(path: str, value: str) -> dict[str, str]:
    return {"op": "replace", "path": path, "value": value}


def main() -> int:
    """Close the API of a stage; an error is one line on the terminal."""
    parser = argparse.ArgumentParser(prog="infra.edge", description="the API behind its domains")
    parser.add_argument("--stage", required=True, help="as it was deployed")
    parser.add_argument("--per-second", type=int, default=PER_SECOND)
    parser.add_argument("--burst", type=int, default=BURST)
    given = parser.parse_args()
    try:
        api = deployed_api(_DEPLOYED / f"{given.stage}.json")
        close(api, boto3.client("apigateway"), given.per_second, given.burst)
    except (StillOpen, StillMute) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"the API of {given.stage} answers by its domains alone")
    return 0


if __name__ == "__main__":
    sys.exit(main())
