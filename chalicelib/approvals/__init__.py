"""What a person must agree to before it is done: asked under a derived id, decided exactly once."""
