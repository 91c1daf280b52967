"""What can be done with work orders: the only writers of this room."""
