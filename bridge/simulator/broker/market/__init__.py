"""Market data: the specifications of the symbols, their trading hours and their quotes."""
