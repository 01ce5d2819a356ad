"""The customer's page of saved cards; it speaks to our own API and leaves the card to the provider."""
