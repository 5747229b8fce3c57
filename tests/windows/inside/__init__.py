"""Programs that run on the Windows CPython: a shim for signals, a pytest plugin, a compiler, the stop check."""
