"""core/trade."""
