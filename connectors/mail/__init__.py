"""The school's mail, read header by header: a Maildir++ tree or an IMAP server. Nothing is changed there, not even a flag.

Read first: maildir.py (how a message becomes a record, with no server between), then imap.py; only imap_access.py uses imaplib.
"""
