"""simulator/broker."""
