"""Statistics of the command centre: what is counted, how figures are made of counts, and how they are compared."""
