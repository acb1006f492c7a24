"""The steps of `truong connect SOURCE --test`: what stands between us and a system on the day the officer sets it up. Nothing is written.

Read first: kinds.py (which steps for which kind of source), then steps.py (what a step is; how machines and folders are reached).
"""
