"""A resource in one line -> model, schemas, service, router, revision and tests. Pure."""
