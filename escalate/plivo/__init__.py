"""Plivo's edge: its documents, requests, callbacks and signatures, in Plivo's own words."""
