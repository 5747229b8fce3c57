"""core/units."""
