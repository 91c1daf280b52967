"""Reads of rounds and readiness checks, shaped for one screen or report."""
