"""Enforcement: which certificate a call was made with, and whether it may make it."""
