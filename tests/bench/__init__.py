"""Measurements, each with its goal: `make bench`, or `make bench QUICK=1` for fewer repeats."""
