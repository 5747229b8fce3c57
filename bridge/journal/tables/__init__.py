"""journal/tables."""
