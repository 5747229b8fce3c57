"""Tests of the Expert Advisor's source, compiled and run without MetaTrader (see tests/mql5)."""
