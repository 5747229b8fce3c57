"""The broker in a process of its own: calls, server and client."""
