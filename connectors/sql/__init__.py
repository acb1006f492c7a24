"""A system read from its own database: SQLite, PostgreSQL or MariaDB, in one transaction that cannot write.

Read first: source.py (a night's reading), then access.py (how to get in) and columns.py (what is asked, and how it becomes text).
"""
