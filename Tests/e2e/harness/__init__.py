"""What the end-to-end tests share: the program, databases and clusters, an HTTP client, entries."""
