"""How a sample town is made: mesh, ground, uses of the ground, homes, names, files. `data.sample` is the way in."""
