"""journal/steps."""
