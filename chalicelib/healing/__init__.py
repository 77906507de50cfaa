"""Healing: what is out of order is found, told and put right."""
