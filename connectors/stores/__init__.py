"""Where the files of a system lie: a folder, an SFTP server, a bucket. Listed and copied, never written; what they mean is not known here.

Read first: store.py (what a store must do, and the local folder); sftp.py and bucket.py do the same on servers.
"""
