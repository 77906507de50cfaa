"""What can go wrong here is told in one line that ends with its fix."""


class LocalCloudError(Exception):
    """The local cloud cannot go on; the message says why and what to do."""
