"""The audit log of the watch: gaps, faults, what could not be read, what was removed."""
