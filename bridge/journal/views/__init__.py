"""The journal for people and for monitoring: lists, timelines, status. Reads only, beside a running sidecar."""
