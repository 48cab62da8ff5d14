"""The outbox in the table: entries, mailboxes, records of sent mail, suppressed addresses."""
