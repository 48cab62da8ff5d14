"""AWS in this process, on moto: the stack of `template.yaml`."""
