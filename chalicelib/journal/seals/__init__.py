"""Sealing: every five minutes all streams are vouched for by one signature."""
