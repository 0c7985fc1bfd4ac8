"""Tests of the local Plivo, over HTTP and WebSocket like any other user of it."""
