"""Decimals, clocks, MetaTrader terms and order ids, which every other part of the core uses."""
