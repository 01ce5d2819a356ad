"""Assembles the process: settings, URLs, servers, schedule, and who reacts to which event."""
