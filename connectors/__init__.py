"""Every system outside: reach it, read it, deliver to it; and the canonical records."""
