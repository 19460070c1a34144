"""api acts: the command line and, later, HTTP."""
