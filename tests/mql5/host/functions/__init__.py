"""The MQL5 functions that the stand-in passes to Python, grouped as in the MQL5 reference."""
