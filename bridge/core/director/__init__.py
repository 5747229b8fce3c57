"""core/director."""
