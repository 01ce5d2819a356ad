"""Log-in pages and what every page shares: headers, context, error pages."""
