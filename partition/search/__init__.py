"""Search: which blocks of a unit together make its grids."""
