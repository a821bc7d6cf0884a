"""People: accounts, what a person may do at all, the log of what was done, and the outbox."""
