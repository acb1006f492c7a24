"""What good data is: rules, findings, ledger, holdback, the quality report."""
