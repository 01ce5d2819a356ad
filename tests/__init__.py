"""One folder per app, mirroring its rooms; shared fixtures in conftest.py, real processes in live.py."""
