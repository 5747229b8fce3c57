"""Commands, positions and their events: planning, state tables, and the application of reports."""
