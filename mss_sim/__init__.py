"""Essay to come."""
