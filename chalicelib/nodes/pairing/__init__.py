"""Pairing: how a device that nobody knows becomes a node, and nobody else in its place.

The operator mints a code; the node proves that it was told the secret, without saying it; the
operator approves the exact request by typing the number that the node shows; the node claims its
certificate. No private key is sent by anybody.
"""
