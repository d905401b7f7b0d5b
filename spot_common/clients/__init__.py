"""Clients of the services, as thin as they can be."""
