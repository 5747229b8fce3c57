"""The parts of scripts/demo.py. They need the project's environment, and are therefore imported last."""
