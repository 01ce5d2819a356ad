"""The simulator: customers, kitchens and drivers as clients of the public REST and socket APIs only."""
