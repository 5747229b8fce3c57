"""Tests of the translator, the lint, the stand-in and the host."""
