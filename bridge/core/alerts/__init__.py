"""Alerts: which are due, as a function of the conditions, the time, and the memory of what was sent."""
