"""What people and the nightly run do with the programme, schedules and visits: the only writers of this room."""
