"""Symbols, their trading hours and their quotes."""
