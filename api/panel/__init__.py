"""The panel of a place: how many grids it has, how they are staffed, what its people did; each figure with its two numbers."""
