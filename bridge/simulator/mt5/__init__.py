"""simulator/mt5."""
