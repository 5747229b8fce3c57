"""journal/views."""
