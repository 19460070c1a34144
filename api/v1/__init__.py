"""Our own resources over HTTP, below /v1."""
