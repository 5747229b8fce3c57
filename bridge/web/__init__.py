"""Web server within the sidecar, for those who look on: metrics and health. It reads, and changes nothing."""
