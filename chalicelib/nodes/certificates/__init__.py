"""Devices and their certificates: from the first offer to the last refusal."""
