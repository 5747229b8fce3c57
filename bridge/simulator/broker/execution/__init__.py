"""Execution of requests: `checks` decide with which return code one is refused, `requests` turns an accepted one
into orders, `orders` and `deals` change the book, `triggers` find what a quote or a night causes.
"""
