"""The pages of the restaurants: browsing for everybody, the kitchen's board for staff."""
