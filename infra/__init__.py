"""Settings, secrets, errors, logs, clock: what every room stands on."""
