"""The rig that runs the Expert Advisor's own MQL5 source without a terminal.

The source is translated line by line to C++, compiled against a header that stands in for MQL5's runtime, loaded
into Python and driven from there. Start at `build` (source to library) and `driver` (library to running EA).
"""
