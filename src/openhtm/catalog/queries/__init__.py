"""Reads of the catalogue, each shaped for one screen or report."""
