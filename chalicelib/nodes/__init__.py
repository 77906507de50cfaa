"""Devices: how one is paired, what its certificate is, and what each of its calls must show."""
