"""The journal's file: its schema, its words, its checks, and the thread that uses it."""
