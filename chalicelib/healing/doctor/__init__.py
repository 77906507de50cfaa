"""The doctor: looks into every room on demand, says what it sees, mends what is safe."""
