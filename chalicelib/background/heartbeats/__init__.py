"""Who works on what, and when that was last heard: evidence for operators and for healing."""
