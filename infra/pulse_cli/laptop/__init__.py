"""The built functions on this machine: building and running them, with an AWS and an X."""
