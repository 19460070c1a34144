"""The store: PostGIS, and what is kept in it."""
