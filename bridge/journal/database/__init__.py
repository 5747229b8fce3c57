"""journal/database."""
