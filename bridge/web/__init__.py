"""Web server within the sidecar, for those who look on: a page, metrics, health. It changes nothing."""
