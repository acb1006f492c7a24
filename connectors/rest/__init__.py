"""A system read over its HTTP API: token, JSON pages, landed as they came, then canonical rows. Only ever GET, but for the token.

Read first: source.py (a night's fetch), then client.py (the one place that speaks HTTP) and paging.py (until all is there).
"""
