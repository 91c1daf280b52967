"""Pages of the sites room."""
