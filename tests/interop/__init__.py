"""Interoperability of the Expert Advisor's ZMTP with foreign ZeroMQ implementations.

Run `python -m tests.interop`; it takes minutes, needs a network, and is no part of the test suite.
"""
