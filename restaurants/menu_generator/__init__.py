"""Craft room: plausible menus and pictures for demo restaurants, from a name, its cuisines and a seed.

Pure: no Django, no clock, its own tables only; the same arguments always give the same answer. The menus are
invented and say nothing about a real restaurant of that name. No alcohol: Finland forbids its delivery.
"""

from restaurants.menu_generator.art import generate_cuisine_art
from restaurants.menu_generator.generate import generate_menu
from restaurants.menu_generator.matching import cuisine_of
from restaurants.menu_generator.menu import (
    Menu,
    MenuItem,
    MenuSection,
    Option,
    OptionGroup,
    Window,
)

__all__ = [
    "Menu",
    "MenuItem",
    "MenuSection",
    "Option",
    "OptionGroup",
    "Window",
    "cuisine_of",
    "generate_cuisine_art",
    "generate_menu",
]
