"""The sidecar: polling, the link, dispatch and delivery, joined over one journal."""
