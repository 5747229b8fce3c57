"""Lints of the project's own: docstrings, retired words, and texts that do not belong into the repository.

`python -m tests.lint` prints every finding. They are part of the test suite (`test_lint.py`).
"""
