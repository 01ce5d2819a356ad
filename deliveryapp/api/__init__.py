"""The kernel's HTTP doors and what every API view shares: problems, parsing, pagination, authentication."""
