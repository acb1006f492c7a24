"""A fictional school from a seed, delivered the way real systems deliver."""

from connectors.demo.delivery import DemoOptions, DemoSummary, write_demo, write_two_nights

__all__ = ["DemoOptions", "DemoSummary", "write_demo", "write_two_nights"]
