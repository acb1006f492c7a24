"""Every system outside: reach it, read it, deliver to it; and the canonical records.

Read first: source.py (what every source is) and catalogue.py (settings -> this school's sources). The ways in are rooms: sql,
rest, mail, and files with stores and sheets below it. A module that stands here serves several rooms.
"""
