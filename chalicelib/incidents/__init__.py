"""What is wrong: one record for each fault, however often it is seen, until it is resolved."""
