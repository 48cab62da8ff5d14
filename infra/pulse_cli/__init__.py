"""The `pulse` command and the stand-ins it runs on."""
