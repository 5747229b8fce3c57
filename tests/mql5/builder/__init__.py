"""Lint, translation and compilation of a program into a library that Python can load."""
