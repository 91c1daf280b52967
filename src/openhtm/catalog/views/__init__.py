"""The pages under /catalog/."""
