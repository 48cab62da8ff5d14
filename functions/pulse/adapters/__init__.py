"""What Pulse uses: X, the table, the mail, the pages, the settings."""
