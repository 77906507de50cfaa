"""Retention: old events are moved from the table to S3, and stay readable and verifiable."""
