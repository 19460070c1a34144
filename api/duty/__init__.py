"""Who is wanted on grids, and who is there: staffing rules as pure rules over arrays. Nothing here asks a store or a clock."""
