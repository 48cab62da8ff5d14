"""The commands of `pulse`, one file each."""
