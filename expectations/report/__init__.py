"""The quality report: a public copy with counts only, and a private list with names for those who fix."""

from expectations.report.content import BackupProof, ExportNote, ReportContent, ReportFiles
from expectations.report.write import write_report

__all__ = ["BackupProof", "ExportNote", "ReportContent", "ReportFiles", "write_report"]
