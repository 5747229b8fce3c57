"""Link between the sidecar and a terminal: messages, reports, handshake and sessions."""
