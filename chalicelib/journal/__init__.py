"""What happened, append-only: hash-chained audit streams of every owner."""
