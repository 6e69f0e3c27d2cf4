"""What a project remembers of its sessions, and gives back to people."""
