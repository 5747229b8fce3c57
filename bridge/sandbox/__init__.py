"""A Director to try things against: the contract's two endpoints, and ways to make it misbehave."""
