"""The payment sandbox, entered as its users do: a real process, the official SDK, real webhooks."""
