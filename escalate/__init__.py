"""Makes sure a caller who needs a human gets one."""
