"""Translation of MQL5 source to C++, line by line, so that the compiler's diagnostics name the .mq5 line."""
