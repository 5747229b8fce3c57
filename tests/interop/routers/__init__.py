"""ROUTER programs; each runs as a module in its own process and needs only its own library."""
