"""The Expert Advisor's own source, compiled and run here (see tests/mql5)."""
