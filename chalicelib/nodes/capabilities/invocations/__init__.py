"""Invocations: what devices are asked to do, from the request to the answer."""
