"""What is allowed: Cedar decides, and whatever is not clearly allowed is refused."""
