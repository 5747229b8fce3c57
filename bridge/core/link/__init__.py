"""core/link."""
