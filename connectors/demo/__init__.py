"""A fictional school from a seed, delivered the way real systems deliver.

Read first: school.py (the people), then faults.py (what is planted in their data) and stand_ins.py (the school behind real protocols).
"""

from connectors.demo.delivery import DemoOptions, DemoSummary, write_demo, write_two_nights

__all__ = ["DemoOptions", "DemoSummary", "write_demo", "write_two_nights"]
