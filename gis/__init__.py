"""gis knows the ground: frames, features, coverages, bounds."""
