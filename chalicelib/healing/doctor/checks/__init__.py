"""The checks: one module for each room, one function for each check of the catalogue."""
