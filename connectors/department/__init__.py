"""The Department of Education: forms and how they are counted and filled.

Read first: start_of_year.py (a form from the records to its folder), then indicators.py (what each row counts, as data).
"""
