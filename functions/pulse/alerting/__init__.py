"""Who is alerted of which waits, and when."""
