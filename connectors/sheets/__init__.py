"""Workbooks and CSV files as people save them, down to the rows of canonical tables; where a file came from is not known here.

Read first: workbook.py (a file becomes grids of raw cells), then layout.py (where the table is) and rows.py (what its rows say).
"""
