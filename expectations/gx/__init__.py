"""The same rules as Great Expectations suites, results and Data Docs. Great Expectations is imported only when asked for."""
