"""The parts of scripts/drill.py. They need the project's environment, and are therefore imported last."""
