"""journal/operator."""
