"""The verbs: what the command line, Python users and (later) the web call."""
