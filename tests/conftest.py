"""What all tests share: hypothesis draws the same examples in every run, and no test waits for a slow machine."""

from hypothesis import settings

settings.register_profile("course", derandomize=True, database=None, deadline=None, max_examples=60)
settings.load_profile("course")
