"""Examples at the end of a command's help."""


def examples(*lines: str) -> str:
    """Return commands, one a line, as help shows them."""
    title = "Example:" if len(lines) == 1 else "Examples:"
    return "\n".join(["\b", title, *(f"  {line}" for line in lines)])
