"""Other SQLite tools on the journal of a running sidecar."""
