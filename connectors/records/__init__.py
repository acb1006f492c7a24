"""The canonical records: tables, codes, the school year, snapshots. Knows no client library."""
