"""Reads of work orders, shaped for one screen or report."""
