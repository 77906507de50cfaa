"""What a cloud that is ready says: to programs in up.json, to people on the terminal."""

import json
import os
from typing import Any

from infra.local.errors import LocalCloudError
from infra.local.place import CHECKOUT, Place
from infra.local.private_file import write_private
from infra.local.progress import say


def write_up_file(place: Place, token: str) -> None:
    """Tell programs how to reach the cloud, and whom to signal to end it."""
    document = {
        "api": place.url,
        "console": f"{place.url}/",
        "nodes": place.nodes_url,
        "nodes_ca": str(place.nodes_certificate),
        "emulator": place.emulator_url,
        "token": token,
        "pid": os.getpid(),
    }
    write_private(place.up_file, json.dumps(document, indent=2) + "\n")


def read_up_file(place: Place) -> dict[str, Any]:
    """Return what the running cloud tells programs."""
    try:
        document: dict[str, Any] = json.loads(place.up_file.read_text())
    except FileNotFoundError as error:
        raise LocalCloudError(
            f"No local cloud is ready on {place.state}. Run `make up` first"
        ) from error
    return document


def tell(place: Place) -> None:
    """Tell people what they can do now."""
    here = "" if place.state == CHECKOUT / ".palyra" else f"STATE={place.state} "
    palyra = f"{here}.venv/bin/palyra"
    say(f"""
Palyra runs: open {place.url}/ in a browser
  (its AWS is at {place.emulator_url}, its log in {place.log},
  nodes call {place.nodes_url}, which {place.nodes_certificate} vouches for).

Make a job that runs every minute, run it now, and see what became of its slots:
  {palyra} jobs create --name health --every 60s \\
    --prompt "Summarize health" --tool system.health
  {palyra} jobs run ID --watch
  {palyra} jobs firings ID

Ctrl-C or `make down` ends it; `make up` goes on with what is in {place.state}.""")
