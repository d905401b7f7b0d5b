"""What all parts of Spot share: configuration, schemas, clients, errors, progress."""
