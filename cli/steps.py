"""Steps of runs, as people and pipes read them."""

import json
from typing import Any

from cli import times
from cli.columns import Column
from cli.output import Instant, Screen, Value

COLUMNS = (
    *(Column("STEP", is_whole=True), Column("AT", is_whole=True)),
    *(Column("KIND", is_whole=True), Column("WHAT")),
)


def row(step: dict[str, Any]) -> list[Value]:
    """Return a step's line in a table."""
    return [str(step["seq"]), Instant(step["at"]), step["kind"], told(step)]


def tell(screen: Screen, step: dict[str, Any]) -> None:
    """Print a step as it comes; on a terminal it takes one line."""
    at = times.of_day(step["at"]) if screen.is_for_people else step["at"]
    screen.brief(f"{step['seq']:>3}  {at}  {step['kind']:<5}  {told(step)}")


def told(step: dict[str, Any]) -> str:
    """Return what was said in a step."""
    if "answer" in step:
        return f"answers: {step['answer']}"
    if step["kind"] == "tool":
        return f"{step['tool']} {'returns' if step['ok'] else 'fails'} {_json(step['content'])}"
    return f"calls {step['tool']} {_json(step['arguments'])}"


def _json(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False)
