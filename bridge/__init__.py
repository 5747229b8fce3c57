"""Execution bridge between a Director API and MetaTrader 5."""

__version__ = "0.2.0"
