"""What Palyra stands on: the stack's template, and a local cloud to run it on."""
