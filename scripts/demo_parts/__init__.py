"""The parts of scripts/demo.py. They need the project's environment, so the demo imports them last."""
