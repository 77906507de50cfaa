"""Runs: a prompt and the granted tools become checkpointed steps, a transcript and a result."""
