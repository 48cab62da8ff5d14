"""Who hears of which waits, and when."""
