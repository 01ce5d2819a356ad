"""Behind `manage.py bench NAME`: cost per operation, and ratios against a control of the same run."""
