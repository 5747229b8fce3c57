"""The native library: loading, calling its handlers, and the callbacks by which it calls Python."""
