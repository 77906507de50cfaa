"""API Gateway's own answers, as problems like all others: `python -m infra.gateway --stage dev`.

The gateway refuses some requests itself: a path that no route has, a body that is too large, a
function that does not answer in time. Chalice does not know that its words can be chosen, and each
`chalice deploy` writes the API anew without them: they are set after each deploy, and the stage is
pointed at a new deployment, without which nothing of it would be in effect.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.gateway_responses import RESPONSES, setting

_DEPLOYED = Path(__file__).resolve().parents[1] / ".chalice" / "deployed"
_NEEDED = "Allow the deployer apigateway:GET, PUT and POST on /restapis, then repeat"


class StillMute(Exception):
    """The gateway answers in its own words; the message says why and what to do."""


class Api(NamedTuple):
    """A deployed API."""

    id: str
    stage: str


def teach(record: Path, gateway: Any) -> list[str]:
    """Let the gateway of a deploy answer with problems.

    Args:
        record: the file in which Chalice has recorded the deploy.
        gateway: an API Gateway client.

    Returns:
        The types of responses that had to be changed.

    Raises:
        StillMute: it could not be done, or there is no API.
    """
    api = deployed_api(record)
    try:
        changed = _set(api, gateway)
        # In any case: a run that was cut short may have set them without this.
        deployment = gateway.create_deployment(restApiId=api.id, stageName=api.stage)["id"]
        in_effect = gateway.get_stage(restApiId=api.id, stageName=api.stage)["deploymentId"]
    except (BotoCoreError, ClientError) as error:
        raise StillMute(f"The responses could not be set: {error}. {_NEEDED}") from error
    if in_effect != deployment:
        raise StillMute(f"The stage {api.stage} serves another deployment. Repeat")
    return changed


def deployed_api(record: Path) -> Api:
    """Return the API that Chalice has deployed.

    Raises:
        StillMute: nothing is deployed, or no API.
    """
    if not record.exists():
        raise StillMute(f"{record} does not exist. Run `chalice deploy` first")
    for each in json.loads(record.read_text())["resources"]:
        if each["resource_type"] == "rest_api":
            stage = str(each["rest_api_url"]).rstrip("/").rpartition("/")[2]
            return Api(str(each["rest_api_id"]), stage)
    raise StillMute(f"{record} names no API. Run `chalice deploy` again")


def _set(api: Api, gateway: Any) -> list[str]:
    wanted = {kind: setting(refusal) for kind, refusal in RESPONSES.items()}
    changed = _differing(api, gateway, wanted)
    for kind in changed:
        gateway.put_gateway_response(restApiId=api.id, responseType=kind, **wanted[kind])
    left = _differing(api, gateway, wanted) if changed else []
    if left:
        raise StillMute(f"{', '.join(left)}: not kept although they were set. Repeat")
    return changed


def _differing(api: Api, gateway: Any, wanted: Mapping[str, Mapping[str, Any]]) -> list[str]:
    answer = gateway.get_gateway_responses(restApiId=api.id, limit=500)
    found = {each["responseType"]: each for each in answer["items"]}
    return [kind for kind, it in wanted.items() if _told(found.get(kind, {}), it) != it]


def _told(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is found of what is wanted."""
    return {name: found.get(name) for name in wanted}


def main() -> int:
    """Do it for a stage of this checkout; an error is one line on the terminal."""
    parser = argparse.ArgumentParser(
        prog="infra.gateway", description="API Gateway's own answers, as problems"
    )
    parser.add_argument("--stage", required=True, help="the stage that `chalice deploy` deployed")
    record = _DEPLOYED / f"{parser.parse_args().stage}.json"
    try:
        changed = teach(record, boto3.client("apigateway"))
        print(f"{len(RESPONSES)} responses are problems ({len(changed)} changed)")
    except (StillMute, BotoCoreError) as error:  # A client without a region, say.
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
