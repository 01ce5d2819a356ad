"""The provider's door, webhooks, and the customer's, saved cards."""
