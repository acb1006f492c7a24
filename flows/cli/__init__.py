"""The `truong` command: one file per group of verbs. The one place that prints."""
