"""Reads of this room, shaped for one page or report each."""
