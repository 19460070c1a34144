"""The OGC API: features and tiles to standard, over the published collections."""
