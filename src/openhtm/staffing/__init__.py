"""Staffing: the hours next year needs by skill and month, against the hours people have."""
