"""REST for customers, kitchens and drivers, as far as it is about orders."""
