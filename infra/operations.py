"""What docs/operations.md says of each kind of incident: `python -m infra.operations` writes it."""

from itertools import groupby
from pathlib import Path

from chalicelib.incidents.kind import Ending, IncidentKind, RuntimeRemediationDescriptor
from chalicelib.incidents.kinds import KINDS

PAGE = Path(__file__).parents[1] / "docs/operations.md"
_BEGIN, _END = "<!-- kinds: python -m infra.operations -->\n", "<!-- end -->"
_ENDS = {
    Ending.CAUSE: "the sweep, which looks at its cause",
    Ending.QUIET: "the sweep, when it was not seen for {}",
    Ending.ROOM: "who raised it, or an operator",
}


def section(kind: IncidentKind) -> str:
    """Return what the page says of a kind."""
    quiet = f"{kind.quiet.total_seconds() / 60:.0f} minutes"
    return (
        f"### `{kind.name}`\n\n"
        f"{kind.domain}, {kind.severity}; resolved by {_ENDS[kind.ending].format(quiet)}.\n\n"
        f"- **It means**: {kind.meaning}.\n"
        f"- **The system**: {kind.system}.\n"
        f"- **You**: {kind.operator}.\n"
        f"- **Remedy**: {_remedy(kind.remediation)}.\n"
    )


def text(written: str) -> str:
    """Return the page with its sections as they must be."""
    head, _, rest = written.partition(_BEGIN)
    return f"{head}{_BEGIN}\n{_sections()}\n{_END}{rest.partition(_END)[2]}"


def _sections() -> str:
    parts = []
    for domain, kinds in groupby(sorted(KINDS.values(), key=_place), key=lambda kind: kind.domain):
        parts += [f"## {domain.capitalize()}\n", *map(section, kinds)]
    return "\n".join(parts)


def _place(kind: IncidentKind) -> tuple[str, int, str]:
    return kind.domain, -kind.severity.rank, kind.name


def _remedy(remedy: RuntimeRemediationDescriptor) -> str:
    if remedy.by_hand:
        return f"by hand: {remedy.label}"
    who = "by the sweep in the mode `auto`" if remedy.may_run_alone else "by an admin alone"
    return f"`{remedy.id}` ({remedy.risk_level} risk, {remedy.blast_radius}; {who}): {remedy.label}"


def main() -> None:
    """Write the sections into the page."""
    PAGE.write_text(text(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
