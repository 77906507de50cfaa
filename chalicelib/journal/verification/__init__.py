"""Verification: reading a whole journal to see whether it is as it was written."""
