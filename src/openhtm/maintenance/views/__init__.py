"""Pages of visits, schedules and the programme."""
