"""The pages that people read: one look, two languages, nothing from any other server."""
