"""The built functions on this machine: building, running, and the AWS and X they talk to."""
