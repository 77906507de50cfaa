"""The triggers: what AWS calls. Each parses, calls one use case and renders."""
