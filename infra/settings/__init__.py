"""Checking the settings before a deploy, and writing their reference, from their declarations."""
