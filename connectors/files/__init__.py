"""Systems that deliver files: which of a store's files are meant, landed untouched with their hash, read by a column map or only kept.

Read first: drop.py (files that are read) and reading.py (what one file tells); kept.py is for files that nobody interprets.
"""
