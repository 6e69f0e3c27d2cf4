"""What somebody needs to go on where a project was left."""
