"""Simulation of the whole system in one process, on simulated time: see README.md."""
