"""The provider's door: webhooks."""
