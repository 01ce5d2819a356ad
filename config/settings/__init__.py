"""One module per environment; `env.py` refuses bad values before anything starts."""
