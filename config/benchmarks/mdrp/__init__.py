"""The public meal-delivery-routing instances (grubhub/mdrplib), replayed through the dispatch engine."""
