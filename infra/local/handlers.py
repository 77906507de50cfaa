"""Functions whose handler has moved to another module since they were deployed.

`chalice deploy` updates a function's code and settings, never the name of its handler: one that has
moved would be looked for where it was. Here such functions are deployed afresh; a release to AWS
keeps its handlers where they are, or gives the function another name.
"""

import json
import subprocess
import sys

from infra.local import clients, environment
from infra.local.deployed import Deployed
from infra.local.errors import LocalCloudError
from infra.local.place import Place

_ASK = """
import json, app
print(json.dumps({each.name: each.handler_string for each in app.app.event_sources}))
"""


def moved(place: Place) -> list[str]:
    """Return the names of the deployed functions whose handler is elsewhere by now."""
    wanted, deployed = _wanted(place), Deployed.read(place).functions
    functions = clients.client("lambda")

    def has_moved(name: str) -> bool:
        described = functions.get_function_configuration(FunctionName=deployed[name])
        return bool(described["Handler"] != wanted[name])

    return [name for name in sorted(deployed.keys() & wanted.keys()) if has_moved(name)]


def _wanted(place: Place) -> dict[str, str]:
    asked = subprocess.run(
        [sys.executable, "-Bc", _ASK],  # -B: Chalice would ship what it compiles.
        cwd=place.deploy,
        env=environment.of_tools(place) | environment.deployed_settings(),
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode:
        last = asked.stderr.strip().rpartition("\n")[2]
        raise LocalCloudError(f"app.py cannot be imported: {last}. Mend it and run `make up` again")
    handlers: dict[str, str] = json.loads(asked.stdout)
    return handlers
