"""What the functions measured: the lines of the embedded metric format on standard output."""

import json
from collections.abc import Callable, Iterator

type Values = dict[str, float]
# Called with the dimensions besides the stage; returns what was measured since the last call.
type Metrics = Callable[..., list[Values]]

OF_ALL = {"service": "palyra", "stage": "local"}


def measured(printed: str, **dimensions: str) -> Iterator[Values]:
    """Yield the values of each line that has exactly these dimensions besides the stage."""
    for line in printed.splitlines():
        if not line.startswith('{"_aws"'):
            continue
        found = json.loads(line)
        (told,) = found["_aws"]["CloudWatchMetrics"]
        assert told["Namespace"] == "Palyra"
        (names,) = told["Dimensions"]
        if {name: found[name] for name in names} == OF_ALL | dimensions:
            yield {metric["Name"]: sum(found[metric["Name"]]) for metric in told["Metrics"]}
