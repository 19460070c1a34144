"""How a sample town is made: the mesh, the ground, what the ground is used for, homes, names, files. Use `data.sample`."""
