"""The command line: one command, one file. Never imports the dashboard at start-up."""
