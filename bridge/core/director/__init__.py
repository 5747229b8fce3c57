"""The Director's contract, and the reading of its answers."""
