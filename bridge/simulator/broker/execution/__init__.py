"""Checks of a request, and its execution: orders, deals, triggers."""
