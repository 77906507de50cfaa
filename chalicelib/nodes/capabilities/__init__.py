"""Capabilities: what a device can do, what it may, and what it is asked to do."""
