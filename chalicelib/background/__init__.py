"""Durable work: tasks claimed once, fenced by a token, found again when a worker dies."""
