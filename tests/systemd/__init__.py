"""The service under a real systemd, which is started as the first process of namespaces of its own."""
