"""The service: predictions over HTTP for programs, and a page for people."""
