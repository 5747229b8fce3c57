"""A simulated broker that behaves as a MetaTrader 5 trade server does, faults included.

It is not part of the bridge's way to a real account: it exists to try things, and to test, without one.
"""
