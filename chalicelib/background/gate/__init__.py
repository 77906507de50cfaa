"""The gate: one item that pauses the work of an owner, or of everybody."""
