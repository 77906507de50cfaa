"""The certificate authority of nodes: what it signs, for whom, and with which key."""
