"""Erasure: the data keys of personal details, and what becomes of them when a key is erased."""
