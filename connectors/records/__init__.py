"""The canonical records: tables, codes, the school year, snapshots. Knows no client library.

Read first: tables.py (what the school's data is), then snapshot.py (how a night of it is kept).
"""
