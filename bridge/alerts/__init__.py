"""Alerts: messages to people about what the sidecar requires action for, by addresses of Apprise."""
