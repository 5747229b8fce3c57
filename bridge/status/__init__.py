"""State of the whole installation in words, and the actions that it requires, for all who show it."""
