"""Who may come in: API tokens, each of one owner."""
