"""The web console: pages rendered on the server from the use cases that `/v1` calls too."""
