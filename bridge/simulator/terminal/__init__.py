"""simulator/terminal."""
