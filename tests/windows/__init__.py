"""The bridge on a Windows CPython under Wine: `python -m tests.windows`. It is not a part of scripts/test.py.

`inside` has the programs that run on Windows; everything else runs beside Wine, on Linux.
"""
