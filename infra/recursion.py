"""Lambda's recursion guard, switched off for the workers: `python -m infra.recursion --stage dev`.

Lambda stops a chain of requests that has come back to the same function about 16 times. A worker
sends to the lane that it reads, whenever a task is tried again, goes on in another invocation or
begets others, so the guard would drop its messages. Palyra bounds such chains itself. Chalice does
not know the setting: it is made after each deploy, and a redeploy keeps it.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

_DEPLOYED = Path(__file__).resolve().parents[1] / ".chalice" / "deployed"
_WORKER = "worker_"
_ALLOW = "Allow"


class StillGuarded(Exception):
    """A worker is under the guard; the message says which, why and what to do."""


def allow(record: Path, functions: Any) -> list[str]:
    """Let every worker of a deploy call itself.

    Args:
        record: the file in which Chalice has recorded the deploy.
        functions: a Lambda client.

    Returns:
        The names in app.py of the workers that had to be changed.

    Raises:
        StillGuarded: a worker could not be changed, or there is none.
    """
    return [name for name, arn in workers(record).items() if _changed(functions, name, arn)]


def workers(record: Path) -> dict[str, str]:
    """Return the ARN of each deployed worker by its name in app.py.

    Raises:
        StillGuarded: nothing is deployed, or no worker.
    """
    if not record.exists():
        raise StillGuarded(f"{record} does not exist. Run `chalice deploy` first")
    found = {
        each["name"]: str(each["lambda_arn"])
        for each in json.loads(record.read_text())["resources"]
        if each["resource_type"] == "lambda_function" and each["name"].startswith(_WORKER)
    }
    if not found:
        raise StillGuarded(f"{record} names no worker. Run `chalice deploy` again")
    return found


def _changed(functions: Any, name: str, arn: str) -> bool:
    try:
        if _setting(functions, arn) == _ALLOW:
            return False
        functions.put_function_recursion_config(FunctionName=arn, RecursiveLoop=_ALLOW)
        found = _setting(functions, arn)
    except (BotoCoreError, ClientError) as error:
        raise StillGuarded(
            f"{name}: RecursiveLoop could not be set: {error}. Allow the deployer "
            "lambda:GetFunctionRecursionConfig and lambda:PutFunctionRecursionConfig, then repeat"
        ) from error
    if found != _ALLOW:
        raise StillGuarded(f"{name}: RecursiveLoop is {found} although it was set. Repeat")
    return True


def _setting(functions: Any, arn: str) -> str:
    return str(functions.get_function_recursion_config(FunctionName=arn)["RecursiveLoop"])


def main() -> int:
    """Do it for a stage of this checkout; an error is one line on the terminal."""
    parser = argparse.ArgumentParser(
        prog="infra.recursion", description="Lambda's recursion guard, off for the workers"
    )
    parser.add_argument("--stage", required=True, help="the stage that `chalice deploy` deployed")
    record = _DEPLOYED / f"{parser.parse_args().stage}.json"
    try:
        changed = allow(record, boto3.client("lambda"))
        print(f"RecursiveLoop is Allow for {', '.join(workers(record))} ({len(changed)} changed)")
    except (StillGuarded, BotoCoreError) as error:  # A client without a region, say.
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
