"""Reading settings from `PALYRA_*` variables."""

from collections.abc import Collection, Mapping

from chalicelib.errors import Fault
from chalicelib.settings.declaration import Declaration
from chalicelib.settings.kinds import Unfit, nearest
from chalicelib.settings.reading import Reading, unfit

_PREFIX = "PALYRA_"
# Variables that are none of the settings: the stage, the command's own, the local cloud's mark.
_OTHERS = {"PALYRA_STAGE", "PALYRA_URL", "PALYRA_TOKEN", "PALYRA_LOCAL_CLOUD"}
_LONGEST_NAME = 80


def read_variables(declared: Collection[Declaration], environment: Mapping[str, str]) -> Reading:
    """Return what the environment sets."""
    reading = Reading({}, [], set())
    for each in declared:
        if each.variable not in environment:
            continue
        text = environment[each.variable]
        try:
            reading.values[each.key] = each.kind.of_text(text)
        except Unfit as error:
            reading.doubtful.add(each.key)
            reading.faults.append(unfit(each, each.variable, text, str(error)))
    known = {each.variable for each in declared}
    ours = {name for name in environment if name.startswith(_PREFIX)}
    reading.faults.extend(_unknown(name, known) for name in sorted(ours - _OTHERS - known))
    return reading


def _unknown(name: str, known: Collection[str]) -> Fault:
    # Without the prefix, which would make everything similar.
    rests = [variable.removeprefix(_PREFIX) for variable in known]
    meant = nearest(name.removeprefix(_PREFIX), sorted(rests))
    fix = (
        f"did you mean {_PREFIX}{meant}?"
        if meant
        else "unset it; docs/settings.md lists what there is"
    )
    # A name may hold bytes that no terminal can show.
    shown = name[:_LONGEST_NAME].encode("ascii", "backslashreplace").decode()
    return Fault(shown, f"{shown} is no setting", fix)
