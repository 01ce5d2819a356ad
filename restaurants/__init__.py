"""Restaurants: kitchens, menus, opening hours and the tickets they work on."""
