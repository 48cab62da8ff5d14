"""Who customers are: names and handles, remembered for a month; and who was erased."""
