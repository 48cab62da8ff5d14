"""What people are to be told, until SES has taken it; bounces and suppressed addresses."""
